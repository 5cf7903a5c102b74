// bench: healthy
// A bureau for domino rallies: builders send the plan of a run (distances, heights, turns of the stones, one after the
// other), two worker threads work out how the wave runs through it, and the builder is told when it arrives, where it
// slows down, and which stones must move closer.
//
// Busy, and fine: the integration itself takes most of the time, in typed arrays that are used again; plans are handed to
// the threads without copying; the queue before them is bounded; one line with many plans is kept open by each builder.
//
// Measured: 30 plans a second, 0.18 of a core, nearly all of it in the two worker threads.
'use strict';

const { spawnSync } = require('child_process');
const net = require('net');
const { Worker, isMainThread, parentPort } = require('worker_threads');

const STONES = 900;
const FIELDS = 3; // gap and height in millimetres, turn in degrees
const BUILDERS = 3;
const PLANS_A_SECOND = 30;
const WORKERS = 2;
const WAITING = 64;
const STEP = 0.00025; // seconds
const GRAVITY = 9.81;

// ---- the wave, in a worker thread

class Wave {
  constructor(most) {
    this.at = new Float64Array(most);
    this.speed = new Float64Array(most);
  }

  // How long a stone takes to fall on the next, which is `gap` away, if it is pushed with `push` radians a second.
  fall(gap, height, push) {
    const reach = Math.asin(Math.min(0.999, gap / height));
    let angle = 0;
    let turning = push;
    let seconds = 0;
    const pull = (1.5 * GRAVITY) / height;
    while (angle < reach && seconds < 1) {
      turning += pull * Math.sin(angle) * STEP;
      angle += turning * STEP;
      seconds += STEP;
    }
    this.turning = turning;
    return seconds;
  }

  run(plan) {
    const stones = plan.length / FIELDS;
    let push = 3;
    let seconds = 0;
    let stopped = -1;
    for (let n = 0; n < stones; n++) {
      const gap = plan[n * FIELDS] / 1000;
      const height = plan[n * FIELDS + 1] / 1000;
      const turn = (plan[n * FIELDS + 2] * Math.PI) / 180;
      const fell = this.fall(gap, height, push);
      seconds += fell;
      this.at[n] = seconds;
      this.speed[n] = gap / fell;
      push = Math.min(6, this.turning * 0.62 * Math.cos(turn));
      if (push < 0.8 || gap > height * 0.95) {
        stopped = n;
        break;
      }
    }
    return { seconds, stopped, stones: stopped < 0 ? stones : stopped + 1 };
  }

  slow(stones) {
    const slow = [];
    for (let n = 2; n < stones && slow.length < 10; n++) {
      if (this.speed[n] < 0.6 * this.speed[n - 1] && this.speed[n] < 0.6 * this.speed[n - 2]) slow.push(n);
    }
    return slow;
  }
}

function work() {
  const wave = new Wave(STONES);
  parentPort.on('message', ({ id, plan }) => {
    const { seconds, stopped, stones } = wave.run(plan);
    const arrives = Math.round(seconds * 1000) / 1000;
    parentPort.postMessage({ id, verdict: { arrives, stopped, stones, slow: wave.slow(stones) } });
  });
}

// ---- the threads, as the bureau sees them

class Threads {
  constructor(number) {
    this.waiting = [];
    this.asked = new Map();
    this.next = 0;
    this.idle = Array.from({ length: number }, () => this.start());
  }

  start() {
    const worker = new Worker(__filename);
    worker.on('message', ({ id, verdict }) => {
      const { resolve } = this.asked.get(id);
      this.asked.delete(id);
      this.idle.push(worker);
      this.hand();
      resolve(verdict);
    });
    worker.on('error', (error) => {
      console.error(error.message);
      process.exit(1);
    });
    return worker;
  }

  ask(plan) {
    if (this.waiting.length >= WAITING) return Promise.reject(new Error('too many plans'));
    return new Promise((resolve) => {
      this.waiting.push({ plan, resolve });
      this.hand();
    });
  }

  hand() {
    while (this.idle.length && this.waiting.length) {
      const { plan, resolve } = this.waiting.shift();
      const id = this.next++;
      this.asked.set(id, { resolve });
      this.idle.pop().postMessage({ id, plan }, [plan.buffer]);
    }
  }
}

// ---- the builders' lines: a length, then 16-bit numbers

class BuilderLine {
  constructor(socket, threads) {
    this.socket = socket;
    this.threads = threads;
    this.pieces = [];
    this.length = 0;
    socket.setNoDelay(true);
    socket.on('data', (piece) => this.take(piece));
    socket.on('error', () => socket.destroy());
  }

  take(piece) {
    this.pieces.push(piece);
    this.length += piece.length;
    while (this.length >= 4) {
      if (this.pieces[0].length < 4) this.pieces = [Buffer.concat(this.pieces)];
      const bytes = this.pieces[0].readUInt32BE(0);
      if (bytes > STONES * FIELDS * 2 || bytes % (FIELDS * 2)) {
        this.socket.destroy();
        return;
      }
      if (this.length < 4 + bytes) return;
      const all = this.pieces.length > 1 ? Buffer.concat(this.pieces) : this.pieces[0];
      this.examine(all.subarray(4, 4 + bytes));
      this.pieces = [all.subarray(4 + bytes)];
      this.length -= 4 + bytes;
    }
  }

  async examine(frame) {
    const plan = new Uint16Array(frame.length / 2);
    for (let n = 0; n < plan.length; n++) plan[n] = frame.readUInt16BE(n * 2);
    try {
      this.tell(await this.threads.ask(plan));
    } catch (error) {
      this.tell({ error: error.message });
    }
  }

  tell(answer) {
    if (!this.socket.destroyed) this.socket.write(`${JSON.stringify(answer)}\n`);
  }
}

// ---- the builders, in a process of their own

function planOf(number) {
  const frame = Buffer.alloc(4 + STONES * FIELDS * 2);
  frame.writeUInt32BE(STONES * FIELDS * 2, 0);
  for (let n = 0; n < STONES; n++) {
    const gap = 18 + ((n * 7 + number * 3) % 9);
    const height = 44 + ((n >> 5) % 4);
    const turn = n % 60 < 12 ? 10 : 0;
    [gap, height, turn].forEach((value, field) => frame.writeUInt16BE(value, 4 + (n * FIELDS + field) * 2));
  }
  return frame;
}

function builders(port) {
  const plans = Array.from({ length: 20 }, (_, number) => planOf(number));
  for (let builder = 0; builder < BUILDERS; builder++) {
    const socket = net.connect(port, '127.0.0.1');
    let turn = builder;
    socket.on('data', () => {}).on('error', () => {});
    setTimeout(() => {
      setInterval(() => {
        if (socket.writableLength < 1 << 16) socket.write(plans[(turn += BUILDERS) % plans.length]);
      }, (1000 * BUILDERS) / PLANS_A_SECOND);
    }, builder * 30);
  }
}

function main() {
  const threads = new Threads(WORKERS);
  const server = net.createServer((socket) => new BuilderLine(socket, threads));
  server.listen(0, '127.0.0.1', () => {
    const env = { ...process.env, LOAD_PORT: String(server.address().port) };
    const start = '"$0" "$1" >/dev/null 2>&1 &';
    spawnSync('sh', ['-c', start, process.execPath, __filename], { env, stdio: 'ignore' });
    setTimeout(() => console.log(`ready ${process.pid}`), 1500);
  });
}

if (!isMainThread) work();
else if (process.env.LOAD_PORT) builders(Number(process.env.LOAD_PORT));
else main();
