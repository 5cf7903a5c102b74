'use strict';

const { Worker } = require('worker_threads');
const os = require('os');

class ImagePool {
  constructor(script, size = os.cpus().length) {
    this.script = script;
    this.idle = [];
    this.waiting = [];
    this.jobs = new Map(); // <- cost
    this.seq = 0;
    this.durations = [];
    for (let i = 0; i < size; i++) this.idle.push(this.spawn());
  }

  spawn() {
    const worker = new Worker(this.script);
    worker.on('message', (reply) => this.onReply(worker, reply));
    worker.on('error', (err) => this.onCrash(worker, err));
    return worker;
  }

  resize(image, width, height) {
    return new Promise((resolve, reject) => { // <- made 10
      const job = {
        id: ++this.seq,
        pixels: Buffer.from(image.pixels), // <- made 90
        width,
        height,
        resolve,
        reject,
        startedAt: 0,
      };
      this.waiting.push(job);
      this.pump();
    });
  }

  pump() {
    while (this.idle.length && this.waiting.length) {
      const worker = this.idle.pop();
      const job = this.waiting.shift();
      job.startedAt = Date.now();
      worker.currentJob = job.id;
      this.jobs.set(job.id, job); // <- cost
      worker.postMessage({ id: job.id, pixels: job.pixels, width: job.width, height: job.height });
    }
  }

  onReply(worker, reply) {
    const job = this.jobs.get(reply.id);
    this.idle.push(worker);
    worker.currentJob = null;
    if (reply.error) {
      job.reject(new Error(reply.error)); // <- cost
      this.pump();
      return;
    }
    this.jobs.delete(reply.id);
    this.durations.push(Date.now() - job.startedAt);
    if (this.durations.length > 1000) this.durations.splice(0, 500);
    job.resolve(reply.pixels);
    this.pump();
  }

  onCrash(worker, err) {
    const job = this.jobs.get(worker.currentJob);
    if (job) {
      this.jobs.delete(job.id);
      job.reject(err);
    }
    this.idle = this.idle.filter((w) => w !== worker);
    this.idle.push(this.spawn());
    this.pump();
  }

  stats() {
    const sorted = [...this.durations].sort((a, b) => a - b);
    return { busy: this.jobs.size, queued: this.waiting.length, p95: sorted[Math.floor(sorted.length * 0.95)] };
  }
}

module.exports = { ImagePool };
