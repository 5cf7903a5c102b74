// bench: healthy
// The player of a planetarium: it computes where the stars of its catalogue stand, and streams the frames to the
// projectors around the dome, 40 a second; a projector that is late misses frames, nothing piles up.
// Measured: 8 % of a core, 50 MiB, steady.
'use strict';
const net = require('net');
const { spawn } = require('child_process');

const STARS = 60000;
const PROJECTORS = 4;
const RATE = 40;
const FRAME_BYTES = 8 + STARS * 4;

/** The catalogue, as unit vectors and magnitudes in flat arrays. */
class Catalogue {
  constructor(stars) {
    this.vectors = new Float32Array(stars * 3);
    this.magnitudes = new Float32Array(stars);
    let state = 20240229;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 4294967296;
    };
    for (let n = 0; n < stars; n++) {
      const z = random() * 2 - 1;
      const turn = random() * 2 * Math.PI;
      const r = Math.sqrt(1 - z * z);
      this.vectors[n * 3] = r * Math.cos(turn);
      this.vectors[n * 3 + 1] = r * Math.sin(turn);
      this.vectors[n * 3 + 2] = z;
      this.magnitudes[n] = 6.5 - 6 * random() ** 4;
    }
  }
}

/** Turns the sky to the sidereal time and latitude, and writes azimuth and altitude as 16-bit numbers. */
function project(catalogue, sidereal, latitude, frame) {
  const { vectors } = catalogue;
  const cosTime = Math.cos(sidereal);
  const sinTime = Math.sin(sidereal);
  const cosTilt = Math.cos(latitude);
  const sinTilt = Math.sin(latitude);
  const points = new Uint16Array(frame.buffer, frame.byteOffset + 8, STARS * 2);
  let shown = 0;
  for (let n = 0; n < STARS; n++) {
    const x = vectors[n * 3] * cosTime + vectors[n * 3 + 1] * sinTime;
    const y = vectors[n * 3 + 1] * cosTime - vectors[n * 3] * sinTime;
    const z = vectors[n * 3 + 2];
    const up = z * sinTilt + x * cosTilt;
    if (up <= 0) continue;
    const north = z * cosTilt - x * sinTilt;
    // an equidistant fisheye
    const away = Math.acos(Math.min(1, up)) / (Math.PI / 2);
    const scale = (away * 32767) / (Math.sqrt(1 - Math.min(1, up * up)) || 1);
    points[shown * 2] = 32768 + y * scale;
    points[shown * 2 + 1] = 32768 + north * scale;
    shown += 1;
  }
  frame.writeUInt32LE(shown, 0);
  return 8 + shown * 4;
}

class Player {
  constructor(catalogue) {
    this.catalogue = catalogue;
    this.projectors = new Set();
    // some frames in turn: one may still be on its way while the next is computed
    this.frames = Array.from({ length: 6 }, () => Buffer.from(new ArrayBuffer(FRAME_BYTES)));
    this.number = 0;
    this.missed = 0;
  }

  add(socket) {
    socket.setNoDelay(true);
    const projector = { socket, ready: true };
    this.projectors.add(projector);
    socket.on('drain', () => {
      projector.ready = true;
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.projectors.delete(projector));
    socket.resume();
  }

  play() {
    const frame = this.frames[this.number % this.frames.length];
    const sidereal = (this.number / RATE) * 0.02;
    const size = project(this.catalogue, sidereal, 0.9, frame);
    frame.writeUInt32LE(this.number, 4);
    this.number += 1;
    const shown = frame.subarray(0, size);
    for (const projector of this.projectors) {
      if (!projector.ready) {
        this.missed += 1;
        continue;
      }
      projector.ready = projector.socket.write(shown);
    }
  }
}

/** All projectors, in one process: they read their frames and forget them. */
function projectors(port) {
  for (let n = 0; n < PROJECTORS; n++) {
    const socket = net.connect({ host: '127.0.0.1', port, onread: { buffer: Buffer.alloc(262144), callback: () => true } });
    socket.on('error', () => process.exit(0));
    socket.on('close', () => process.exit(0));
  }
}

function main() {
  const player = new Player(new Catalogue(STARS));
  const server = net.createServer({ highWaterMark: FRAME_BYTES }, (socket) => player.add(socket));
  server.listen(0, '127.0.0.1', () => {
    const words = [process.execPath, __filename, 'projectors', String(server.address().port)];
    // a shell between us, so that the projectors are nobody's children
    spawn('/bin/sh', ['-c', '"$@" </dev/null >/dev/null 2>&1 &', 'sh', ...words], { stdio: 'ignore' });
    setInterval(() => player.play(), 1000 / RATE);
    const lamps = Array.from({ length: 120 }, () => ({ hours: 0 }));
    for (const lamp of lamps) {
      setInterval(() => {
        lamp.hours += 1 / 360;
      }, 10000);
    }
    setTimeout(() => process.stdout.write('ready\n'), 2500);
  });
}

if (process.argv[2] === 'projectors') {
  projectors(Number(process.argv[3]));
} else {
  main();
}
