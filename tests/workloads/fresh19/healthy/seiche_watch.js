// bench: healthy
// Seiche watch of a lake: six laser gauges stream blocks of water levels (16 bit, with a checksum) over TCP; they are
// checked, smoothed, thinned out and fed to a bank of resonators, and a board of the state is made once a second
// (compressed once, with an ETag) for the screens that ask for it. About a tenth of a core, evenly.
'use strict';
const crypto = require('crypto');
const http = require('http');
const net = require('net');
const zlib = require('zlib');
const { spawnSync } = require('child_process');

const GAUGES = 6;
const SAMPLES = 16384;
const HEADER = 12;
const BLOCK = HEADER + SAMPLES * 2;
const THINNING = 4;
const MODES = 48;
const HISTORY = 600;

class Smoother {
  constructor(taps) {
    this.taps = Float64Array.from({ length: taps }, (_, i) => (1 - Math.cos((2 * Math.PI * (i + 1)) / (taps + 1))) / (taps + 1));
    this.line = new Float64Array(taps + SAMPLES);
    this.out = new Float64Array(SAMPLES / THINNING);
  }

  run(levels) {
    const { taps, line, out } = this;
    const keep = taps.length;
    line.copyWithin(0, levels.length, levels.length + keep);
    line.set(levels, keep);
    for (let i = 0, o = 0; i < levels.length; i += THINNING, o += 1) {
      let sum = 0;
      for (let k = 0; k < keep; k += 1) sum += taps[k] * line[i + k];
      out[o] = sum;
    }
    return out;
  }
}

class Resonators {
  constructor() {
    this.coefficient = Float64Array.from({ length: MODES }, (_, m) => 2 * 0.9995 * Math.cos((2 * Math.PI * (m + 1)) / 700));
    this.before = new Float64Array(MODES);
    this.last = new Float64Array(MODES);
    this.power = new Float64Array(MODES);
  }

  feed(levels) {
    const { coefficient, before, last, power } = this;
    for (let m = 0; m < MODES; m += 1) {
      let a = last[m];
      let b = before[m];
      let energy = 0;
      const c = coefficient[m];
      for (let i = 0; i < levels.length; i += 1) {
        const now = levels[i] + c * a - 0.999 * b;
        b = a;
        a = now;
        energy += now * now;
      }
      last[m] = a;
      before[m] = b;
      power[m] = 0.9 * power[m] + (0.1 * energy) / levels.length;
    }
  }

  strongest() {
    let best = 0;
    for (let m = 1; m < MODES; m += 1) if (this.power[m] > this.power[best]) best = m;
    return best;
  }
}

class Gauge {
  constructor(id) {
    this.id = id;
    this.levels = new Float64Array(SAMPLES);
    this.smoother = new Smoother(64);
    this.resonators = new Resonators();
    this.means = new Float64Array(HISTORY);
    this.blocks = 0;
    this.damaged = 0;
  }

  block(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, BLOCK);
    const sum = view.getUint32(8);
    let check = 1;
    let mean = 0;
    for (let i = 0; i < SAMPLES; i += 1) {
      const raw = view.getInt16(HEADER + i * 2);
      check = (Math.imul(check, 31) + raw) >>> 0;
      this.levels[i] = raw * 0.01;
      mean += raw;
    }
    if (check !== sum) {
      this.damaged += 1;
      return;
    }
    this.means[this.blocks % HISTORY] = mean / SAMPLES;
    this.blocks += 1;
    this.resonators.feed(this.smoother.run(this.levels));
  }
}

function serve() {
  const gauges = Array.from({ length: GAUGES }, (_, id) => new Gauge(id));
  const intake = net.createServer((socket) => {
    const block = Buffer.alloc(BLOCK);
    let filled = 0;
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      let from = 0;
      while (from < chunk.length) {
        const taken = chunk.copy(block, filled, from);
        from += taken;
        filled += taken;
        if (filled < BLOCK) return;
        filled = 0;
        const gauge = gauges[block.readUInt32BE(0)];
        if (gauge) gauge.block(block);
      }
    });
  });

  let board = { etag: '""', body: Buffer.alloc(0) };
  function draw() {
    const state = gauges.map((gauge) => ({
      gauge: gauge.id,
      blocks: gauge.blocks,
      damaged: gauge.damaged,
      mode: gauge.resonators.strongest(),
      power: Array.from(gauge.resonators.power, (power) => Number(power.toFixed(3))),
    }));
    const text = JSON.stringify(state);
    board = { etag: `"${crypto.createHash('sha1').update(text).digest('base64url')}"`, body: zlib.gzipSync(text) };
  }
  setInterval(draw, 1000);

  const screens = http.createServer((request, response) => {
    if (request.headers['if-none-match'] === board.etag) {
      response.writeHead(304, { ETag: board.etag });
      response.end();
      return;
    }
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip', ETag: board.etag };
    response.writeHead(200, { ...headers, 'Content-Length': board.body.length });
    response.end(board.body);
  });

  intake.listen(0, '127.0.0.1', () =>
    screens.listen(0, '127.0.0.1', () => {
      const ports = [intake.address().port, screens.address().port].map(String);
      const command = '"$0" "$@" >/dev/null 2>&1 </dev/null &';
      spawnSync('/bin/sh', ['-c', command, process.execPath, __filename, 'lake', ...ports]);
      setTimeout(() => process.stdout.write('ready\n'), 1500);
    }),
  );
}

function lake(port, screenPort) {
  const blocks = Array.from({ length: 8 }, (_, n) => {
    const bytes = Buffer.alloc(BLOCK);
    let check = 1;
    for (let i = 0; i < SAMPLES; i += 1) {
      const level = Math.round(900 * Math.sin((i + n * SAMPLES) / 1700) + 80 * Math.random());
      bytes.writeInt16BE(level, HEADER + i * 2);
      check = (Math.imul(check, 31) + level) >>> 0;
    }
    bytes.writeUInt32BE(check, 8);
    return bytes;
  });
  for (let id = 0; id < GAUGES; id += 1) {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => process.exit());
    socket.on('close', () => process.exit());
    let number = 0;
    setInterval(() => {
      const bytes = Buffer.from(blocks[number % blocks.length]);
      bytes.writeUInt32BE(id, 0);
      bytes.writeUInt32BE((number += 1), 4);
      socket.write(bytes);
    }, 110 + id * 4);
  }
  const agent = new http.Agent({ keepAlive: true });
  let etag = '';
  setInterval(() => {
    const options = { port: screenPort, host: '127.0.0.1', agent, path: '/board', headers: { 'If-None-Match': etag } };
    http.get(options, (response) => {
      etag = response.headers.etag;
      response.resume();
    }).on('error', () => process.exit());
  }, 250);
}

if (process.argv[2] === 'lake') lake(Number(process.argv[3]), Number(process.argv[4]));
else serve();
