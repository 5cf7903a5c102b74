// expect: healthy bench
// Watches the strain of wind turbine blades: windows of gauge samples come in at a steady pace, two worker threads, started
// once, turn each into a spectrum, and the main thread keeps the edgewise and flapwise modes of each blade in a short ring.
// Busy by purpose (a Fourier transform for each window, on workers that stay); the main thread only hands out and collects.
// Measured: a fifth of a core on a crowded machine, all of it in the transform on two workers that stay; memory flat at 80 MB.

'use strict';

const { Worker, isMainThread, parentPort } = require('node:worker_threads');

const SIZE = 32768;
const RATE = 200; // samples a second of a gauge

/** In-place radix-2 transform of fixed size, with its factors and order worked out once. */
class Transform {
  constructor(size) {
    this.size = size;
    this.cos = new Float64Array(size / 2);
    this.sin = new Float64Array(size / 2);
    this.order = new Uint32Array(size);
    const bits = Math.log2(size);
    for (let i = 0; i < size / 2; i += 1) {
      this.cos[i] = Math.cos((2 * Math.PI * i) / size);
      this.sin[i] = -Math.sin((2 * Math.PI * i) / size);
    }
    for (let i = 0; i < size; i += 1) {
      let turned = 0;
      for (let bit = 0; bit < bits; bit += 1) turned |= ((i >> bit) & 1) << (bits - 1 - bit);
      this.order[i] = turned;
    }
    this.re = new Float64Array(size);
    this.im = new Float64Array(size);
    this.hann = Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size));
  }

  run(samples) {
    const { re, im, size } = this;
    for (let i = 0; i < size; i += 1) {
      re[this.order[i]] = samples[i] * this.hann[i];
      im[i] = 0;
    }
    for (let half = 1; half < size; half *= 2) {
      const stride = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let k = 0; k < half; k += 1) {
          const [a, b] = [start + k, start + k + half];
          const c = this.cos[k * stride];
          const s = this.sin[k * stride];
          const x = re[b] * c - im[b] * s;
          const y = re[b] * s + im[b] * c;
          re[b] = re[a] - x;
          im[b] = im[a] - y;
          re[a] += x;
          im[a] += y;
        }
      }
    }
  }

  peak(fromHertz, toHertz) {
    const from = Math.ceil((fromHertz * this.size) / RATE);
    const to = Math.floor((toHertz * this.size) / RATE);
    let best = { hertz: 0, power: -1 };
    for (let i = from; i <= to; i += 1) {
      const power = this.re[i] * this.re[i] + this.im[i] * this.im[i];
      if (power > best.power) best = { hertz: (i * RATE) / this.size, power };
    }
    return best;
  }
}

function analyse() {
  const transform = new Transform(SIZE);
  parentPort.on('message', ({ blade, samples }) => {
    transform.run(samples);
    const modes = { flapwise: transform.peak(0.3, 1.4), edgewise: transform.peak(1.5, 4) };
    parentPort.postMessage({ blade, modes, samples }, [samples.buffer]);
  });
}

class Analysers {
  constructor(number, onModes) {
    this.free = [];
    this.waiting = [];
    this.dropped = 0;
    for (let i = 0; i < number; i += 1) {
      const worker = new Worker(__filename);
      worker.on('message', (answer) => {
        onModes(answer);
        const next = this.waiting.shift();
        if (next) this.hand(worker, next);
        else this.free.push(worker);
      });
      worker.on('error', (error) => {
        console.error(error);
        process.exit(1);
      });
      this.free.push(worker);
    }
  }

  hand(worker, job) {
    worker.postMessage(job, [job.samples.buffer]);
  }

  submit(job) {
    const worker = this.free.pop();
    if (worker) this.hand(worker, job);
    else if (this.waiting.length < 16) this.waiting.push(job);
    else this.dropped += 1;
  }
}

function main() {
  const blades = Array.from({ length: 9 }, () => ({ recent: [], warned: 0 }));
  const spare = [];
  const analysers = new Analysers(2, ({ blade, modes, samples }) => {
    spare.push(samples);
    const { recent } = blades[blade];
    recent.push(modes.edgewise.hertz);
    if (recent.length > 60) recent.shift();
    const mean = recent.reduce((sum, hertz) => sum + hertz, 0) / recent.length;
    if (Math.abs(modes.edgewise.hertz - mean) > 0.2) blades[blade].warned += 1;
  });
  const noise = Float64Array.from({ length: 2 * SIZE }, () => Math.random() - 0.5);
  let number = 0;
  process.stdout.write(`ready ${process.pid}\n`);
  setInterval(() => {
    const samples = spare.pop() || new Float64Array(SIZE);
    const blade = number % blades.length;
    samples.set(noise.subarray((number * 577) % SIZE, ((number * 577) % SIZE) + SIZE));
    const step = (2 * Math.PI * (2.1 + blade / 50)) / RATE;
    for (let i = 0; i < SIZE; i += 1) samples[i] += Math.sin(i * step);
    analysers.submit({ blade, samples });
    number += 1;
  }, 10);
}

if (isMainThread) main();
else analyse();
