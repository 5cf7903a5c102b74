// expect: pattern=gc-pressure bench
// Watches whether the fireflies of a meadow flash in step: event cameras report each pixel that flashes, the last
// second and a half of these flashes is kept as a window, and twice a second the order of the swarm (how well the
// phases agree) is told for each camera. The recorder has a process of its own, with a heap that leaves room for
// the others on the field computer.
//
// Measured: 38 % of a core for 300000 flashes a second; the main thread spends 80 % of its working time
// collecting (eight collections a second); RSS stays at 160 to 173 MB. The twin: 3 % of a core, no collections,
// 56 MB.
'use strict';
const { EventEmitter } = require('events');
const { fork } = require('child_process');

const CAMERAS = 12;
const FLASHES_PER_SECOND = 320_000;
const BATCH_MS = 50;
const WINDOW_BATCHES = 30;
const HEAP_MB = 120;
const BATCH = (FLASHES_PER_SECOND * BATCH_MS) / 1000;
const PERIOD = 820; // milliseconds between two flashes of a male in step

// The cameras, as their driver hands the flashes over: one buffer of packed records for each batch.
class CameraDriver extends EventEmitter {
  constructor() {
    super();
    this.packed = new Uint32Array(BATCH);
    this.state = 20261130;
    this.clock = 0;
  }

  start() {
    this.timer = setInterval(() => this.shoot(), BATCH_MS);
  }

  shoot() {
    let state = this.state;
    for (let i = 0; i < BATCH; i += 1) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      this.packed[i] = state;
    }
    this.state = state;
    this.clock += BATCH_MS;
    this.emit('batch', this.clock, this.packed);
  }
}

// The last flashes, batch by batch: what falls out of the window is dropped as a whole.
class FlashWindow {
  constructor(batches) {
    this.batches = batches;
    this.kept = [];
  }

  decode(at, record) {
    return { // <- cost
      camera: record % CAMERAS,
      at: at + ((record >>> 8) % BATCH_MS) + 0.5,
      place: { x: (record >>> 4) & 0x3ff, y: (record >>> 14) & 0x3ff },
      brightness: ((record >>> 24) & 0xff) / 255,
    };
  }

  add(at, packed) {
    const flashes = [];
    for (const record of packed) {
      flashes.push(this.decode(at, record));
    }
    this.kept.push(flashes); // <- cost
    if (this.kept.length > this.batches) this.kept.shift();
    return flashes;
  }

  get size() {
    return this.kept.reduce((sum, flashes) => sum + flashes.length, 0);
  }

  // The flashes of one camera in the batch that was added `back` batches ago.
  each(back, visit) {
    const flashes = this.kept[this.kept.length - 1 - back];
    if (!flashes) return;
    for (let i = 0; i < flashes.length; i += 16) {
      const { camera, at, place, brightness } = flashes[i];
      visit(camera, at, place.x, place.y, brightness);
    }
  }
}

// The Kuramoto order parameter, from a sample of the window: 1 when all flash in step.
class SwarmOrder {
  constructor(window) {
    this.window = window;
    this.cosines = new Float64Array(CAMERAS);
    this.sines = new Float64Array(CAMERAS);
    this.weights = new Float64Array(CAMERAS);
    this.northing = new Float64Array(CAMERAS);
    this.measured = 0;
  }

  measure() {
    for (const sums of [this.cosines, this.sines, this.weights, this.northing]) sums.fill(0);
    for (let back = 0; back < WINDOW_BATCHES; back += 10) {
      this.window.each(back, (camera, at, x, y, brightness) => {
        const phase = ((at % PERIOD) / PERIOD) * 2 * Math.PI;
        this.cosines[camera] += brightness * Math.cos(phase);
        this.sines[camera] += brightness * Math.sin(phase);
        this.weights[camera] += brightness;
        this.northing[camera] += brightness * y;
      });
    }
    this.measured += 1;
    return Array.from({ length: CAMERAS }, (_, camera) => {
      const weight = this.weights[camera] || 1;
      return {
        camera,
        order: Math.hypot(this.cosines[camera], this.sines[camera]) / weight,
        centre: this.northing[camera] / weight,
      };
    });
  }
}

// Remembers for each camera when its swarm was last in step.
class SwarmLog {
  constructor(threshold) {
    this.threshold = threshold;
    this.inStep = new Map();
  }

  note(clock, orders) {
    for (const { camera, order, centre } of orders) {
      if (order < this.threshold) continue;
      this.inStep.set(camera, { clock, centre });
    }
  }
}

function record() {
  const driver = new CameraDriver();
  const window = new FlashWindow(WINDOW_BATCHES);
  const order = new SwarmOrder(window);
  const log = new SwarmLog(0.2);
  let flashes = 0;

  driver.on('batch', (clock, packed) => {
    window.add(clock, packed);
    flashes += packed.length;
  });
  setInterval(() => log.note(driver.clock, order.measure()), 500);
  driver.start();

  setInterval(() => {
    const { rss } = process.memoryUsage();
    console.error(`${flashes} flashes, ${window.size} in the window, ${order.measured} measures, ${rss >> 20} MB`);
  }, 8000);
  console.log(`ready ${process.pid}`);
  process.on('disconnect', () => process.exit());
}

function supervise() {
  const recorder = fork(__filename, {
    env: { ...process.env, RECORDER: '1' },
    execArgv: [`--max-old-space-size=${HEAP_MB}`],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  recorder.on('exit', (code) => process.exit(code ?? 1));
}

if (process.env.RECORDER) record();
else supervise();
