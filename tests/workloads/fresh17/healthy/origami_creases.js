// expect: healthy bench
// Folds crease patterns of origami on trial: whether a pattern lies flat is found out by relaxing its sheet
// (points that are held at their distances), which is real work and goes to two worker threads. Sheets travel
// there and back as transferred buffers; patterns arrive at a steady pace, and the threads wait for them.
//
// Measured: 8 patterns a second with 12 % of a core, nearly all of it in the workers' relaxation; 73 MB.
'use strict';
const { EventEmitter } = require('events');
const { Worker, isMainThread, parentPort } = require('worker_threads');

const SIDE = 48;
const POINTS = SIDE * SIDE;
const SWEEPS = 220;
const WORKERS = 2;
const PATTERNS_PER_SECOND = 8;

// In the worker: the bonds of a sheet are the same for all patterns, so they are made once.
class Sheet {
  constructor() {
    const bonds = [];
    for (let y = 0; y < SIDE; y += 1) {
      for (let x = 0; x < SIDE; x += 1) {
        const here = y * SIDE + x;
        if (x + 1 < SIDE) bonds.push(here, here + 1);
        if (y + 1 < SIDE) bonds.push(here, here + SIDE);
      }
    }
    this.bonds = Uint16Array.from(bonds);
  }

  // Gauss-Seidel sweeps: each bond pulls its two points towards its length. The creases pull points up or down first.
  relax(points, folds) {
    const { bonds } = this;
    for (let i = 0; i < folds.length; i += 1) points[i * 3 + 2] = folds[i];
    let strain = 0;
    for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
      strain = 0;
      for (let b = 0; b < bonds.length; b += 2) {
        const p = bonds[b] * 3;
        const q = bonds[b + 1] * 3;
        const dx = points[q] - points[p];
        const dy = points[q + 1] - points[p + 1];
        const dz = points[q + 2] - points[p + 2];
        const length = Math.sqrt(dx * dx + dy * dy + dz * dz) || 1e-9;
        const pull = (0.5 * (length - 1)) / length;
        points[p] += dx * pull;
        points[p + 1] += dy * pull;
        points[p + 2] += dz * pull;
        points[q] -= dx * pull;
        points[q + 1] -= dy * pull;
        points[q + 2] -= dz * pull;
        strain += Math.abs(length - 1);
      }
    }
    return strain / (bonds.length / 2);
  }
}

function work() {
  const sheet = new Sheet();
  parentPort.on('message', ({ id, points, folds }) => {
    const strain = sheet.relax(points, folds);
    parentPort.postMessage({ id, strain, points, folds }, [points.buffer, folds.buffer]);
  });
}

// Hands each pattern to a thread that waits; the others stand in line.
class FoldingPool {
  constructor(size) {
    this.idle = [];
    this.line = [];
    this.waiting = new Map();
    this.number = 0;
    for (let i = 0; i < size; i += 1) this.hire();
  }

  hire() {
    const worker = new Worker(__filename);
    worker.on('message', (answer) => {
      const { resolve } = this.waiting.get(answer.id);
      this.waiting.delete(answer.id);
      this.idle.push(worker);
      this.next();
      resolve(answer);
    });
    worker.on('error', (error) => {
      console.error(error.message);
      process.exit(1);
    });
    this.idle.push(worker);
  }

  fold(points, folds) {
    return new Promise((resolve) => {
      this.number += 1;
      this.waiting.set(this.number, { resolve });
      this.line.push({ id: this.number, points, folds });
      this.next();
    });
  }

  next() {
    if (!this.idle.length || !this.line.length) return;
    const task = this.line.shift();
    this.idle.pop().postMessage(task, [task.points.buffer, task.folds.buffer]);
  }
}

// The buffers of sheets that are back, to be used again.
class SheetStock {
  constructor() {
    this.free = [];
  }

  take() {
    return this.free.pop() ?? { points: new Float64Array(POINTS * 3), folds: new Float32Array(POINTS) };
  }

  giveBack(sheet) {
    this.free.push(sheet);
  }
}

// Patterns as the designers send them: pleats of a width at an angle, mountain and valley in turn.
class Designers extends EventEmitter {
  constructor(stock) {
    super();
    this.stock = stock;
    this.sent = 0;
  }

  start() {
    setInterval(() => this.send(), 1000 / PATTERNS_PER_SECOND);
  }

  send() {
    const { points, folds } = this.stock.take();
    this.sent += 1;
    const width = 3 + (this.sent % 7);
    const angle = ((this.sent % 12) * Math.PI) / 24;
    const [across, along] = [Math.cos(angle), Math.sin(angle)];
    for (let i = 0; i < POINTS; i += 1) {
      const x = i % SIDE;
      const y = Math.floor(i / SIDE);
      points[i * 3] = x;
      points[i * 3 + 1] = y;
      points[i * 3 + 2] = 0;
      const pleat = (x * across + y * along) / width;
      folds[i] = (pleat & 1 ? 1 : -1) * (pleat - Math.floor(pleat)) * 0.8;
    }
    this.emit('pattern', { name: `pleats ${width}/${this.sent % 12}`, points, folds });
  }
}

class Judge {
  constructor() {
    this.flattest = new Map();
    this.judged = 0;
  }

  note(name, strain) {
    this.judged += 1;
    const best = this.flattest.get(name);
    if (best === undefined || strain < best) this.flattest.set(name, strain);
  }

  best() {
    let found = ['none', Infinity];
    for (const entry of this.flattest) if (entry[1] < found[1]) found = entry;
    return found;
  }
}

function main() {
  const pool = new FoldingPool(WORKERS);
  const stock = new SheetStock();
  const judge = new Judge();
  const designers = new Designers(stock);
  designers.on('pattern', async ({ name, points, folds }) => {
    const back = await pool.fold(points, folds);
    judge.note(name, back.strain);
    stock.giveBack({ points: back.points, folds: back.folds });
  });
  designers.start();
  console.log(`ready ${process.pid}`);
  setInterval(() => {
    const [name, strain] = judge.best();
    console.error(`${judge.judged} of ${designers.sent} patterns, flattest ${name} (${strain.toFixed(4)})`);
  }, 8000);
}

if (isMainThread) main();
else work();
