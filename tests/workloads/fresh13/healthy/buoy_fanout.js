// expect: healthy bench
// Wave buoys off a coast: harbour offices ask for the sea state of their stretch some times a second. What they are sent
// is large and is the same for all who ask between two samples: it is encoded once a sample, and the bytes are kept.
// Measured: 3 to 5 % of a core on a loaded machine; 50 MB resident, steady.
'use strict';

const net = require('net');
const path = require('path');
const readline = require('readline');
const { spawnSync } = require('child_process');

const STRETCHES = ['north', 'estuary', 'banks', 'cape', 'sound'];
const BUOYS = 24;
const BINS = 64;
const SAMPLE_MS = 500;

class Buoy {
  constructor(id) {
    this.id = id;
    this.phase = (id * 37) % 91;
    this.spectrum = new Float64Array(BINS);
  }

  sample(tick) {
    for (let bin = 0; bin < BINS; bin++) {
      const peak = 12 + 6 * Math.sin((tick + this.phase) / 60);
      const offset = (bin - peak) / 7;
      this.spectrum[bin] = Math.exp(-offset * offset) * (2 + Math.sin((tick + bin + this.phase) / 15));
    }
  }

  get height() {
    let energy = 0;
    for (const value of this.spectrum) energy += value * 0.01;
    return 4 * Math.sqrt(energy);
  }

  get period() {
    let top = 0;
    this.spectrum.forEach((value, bin) => {
      if (value > this.spectrum[top]) top = bin;
    });
    return 1 / (0.03 + top * 0.01);
  }
}

class Stretch {
  constructor(name, first) {
    this.name = name;
    this.buoys = Array.from({ length: BUOYS }, (_, n) => new Buoy(first + n));
    this.message = Buffer.alloc(0);
    this.warning = 'calm';
  }

  sample(tick) {
    for (const buoy of this.buoys) buoy.sample(tick);
    const sea = this.buoys.map((buoy) => ({
      buoy: buoy.id,
      height: +buoy.height.toFixed(2),
      period: +buoy.period.toFixed(1),
      spectrum: Array.from(buoy.spectrum, (value) => Math.round(value * 1000)),
    }));
    const highest = Math.max(...sea.map((state) => state.height));
    this.warning = highest > 4 ? 'storm' : highest > 2.5 ? 'rough' : 'calm';
    this.message = Buffer.from(`${JSON.stringify({ stretch: this.name, tick, warning: this.warning, sea })}\n\n`);
  }
}

class Coast {
  constructor() {
    this.stretches = new Map(STRETCHES.map((name, n) => [name, new Stretch(name, n * 100)]));
    this.tick = 0;
    this.offices = new Set();
  }

  sample() {
    this.tick += 1;
    for (const stretch of this.stretches.values()) stretch.sample(this.tick);
  }

  join(socket) {
    this.offices.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.offices.delete(socket));
    readline.createInterface({ input: socket }).on('line', (line) => this.answer(socket, line));
  }

  answer(socket, line) {
    const [verb, name] = line.trim().split(' ');
    const stretch = this.stretches.get(name);
    if (!stretch) socket.write('unknown\n\n');
    else if (verb === 'warning') socket.write(`${stretch.warning}\n\n`);
    else socket.write(stretch.message);
  }
}

function openOffices(port) {
  const clients = path.join(path.dirname(process.env.SERVICES), 'clients.py');
  const questions = STRETCHES.flatMap((name) => [`sea ${name}`, `warning ${name}`, `sea ${name}`]);
  const words = [clients, 'lines', String(port), questions.join(','), '12', '0.02'];
  spawnSync(process.env.PYTHON, words, { stdio: 'ignore' });
}

function main() {
  const coast = new Coast();
  coast.sample();
  setInterval(() => coast.sample(), SAMPLE_MS);
  const server = net.createServer((socket) => coast.join(socket));
  server.listen(0, '127.0.0.1', () => {
    openOffices(server.address().port);
    process.stdout.write(`ready ${process.pid}\n`);
  });
}

main();
