// expect: healthy bench
// Telemetry of a gecko breeder's terraria: the probes' hubs stream frames over TCP, the frames are decoded as they
// come, folded into windows of a second, and the windows go to the breeders' screens (server-sent events).
//
// A stream that keeps the process fairly busy: some 600,000 frames a second in chunks of many frames.
'use strict';

const { spawn } = require('child_process');
const http = require('http');
const net = require('net');

const FRAME = 16; // terrarium u16, probe u16, milliseconds u32, degrees i16, humidity u16, lux u32
const TERRARIA = 256;
const PROBES = 4;
const HUBS = 3;

class Windows {
  constructor() {
    const cells = TERRARIA * PROBES;
    this.count = new Uint32Array(cells);
    this.degrees = new Float64Array(cells);
    this.warmest = new Int16Array(cells).fill(-32768);
    this.humidity = new Float64Array(cells);
    this.lux = new Float64Array(cells);
    this.frames = 0;
  }

  add(chunk, at) {
    const cell = (chunk.readUInt16BE(at) % TERRARIA) * PROBES + (chunk.readUInt16BE(at + 2) % PROBES);
    const degrees = chunk.readInt16BE(at + 8);
    this.count[cell] += 1;
    this.degrees[cell] += degrees;
    if (degrees > this.warmest[cell]) this.warmest[cell] = degrees;
    this.humidity[cell] += chunk.readUInt16BE(at + 10);
    this.lux[cell] += chunk.readUInt32BE(at + 12);
    this.frames += 1;
  }

  // The terraria that are out of their range; begins the next window.
  close() {
    const warnings = [];
    for (let cell = 0; cell < this.count.length; cell += 1) {
      const count = this.count[cell];
      if (count > 0) {
        const mean = this.degrees[cell] / count / 100;
        if (mean > 30 || this.warmest[cell] > 3600) {
          warnings.push({
            terrarium: Math.floor(cell / PROBES),
            probe: cell % PROBES,
            mean: Number(mean.toFixed(2)),
            humidity: Number((this.humidity[cell] / count / 100).toFixed(1)),
            lux: Math.round(this.lux[cell] / count),
          });
        }
      }
    }
    this.count.fill(0);
    this.degrees.fill(0);
    this.warmest.fill(-32768);
    this.humidity.fill(0);
    this.lux.fill(0);
    const { frames } = this;
    this.frames = 0;
    return { frames, warnings };
  }
}

// Frames from a socket, whatever the chunks are; only the piece of a frame at the end is kept for later.
function decode(socket, windows) {
  const rest = Buffer.alloc(FRAME);
  let kept = 0;
  socket.on('data', (chunk) => {
    let at = 0;
    if (kept > 0) {
      const taken = Math.min(FRAME - kept, chunk.length);
      chunk.copy(rest, kept, 0, taken);
      kept += taken;
      at = taken;
      if (kept < FRAME) return;
      windows.add(rest, 0);
      kept = 0;
    }
    for (; at + FRAME <= chunk.length; at += FRAME) windows.add(chunk, at);
    if (at < chunk.length) kept = chunk.copy(rest, 0, at);
  });
  socket.on('error', () => socket.destroy());
}

class Screens {
  constructor() {
    this.lines = new Set();
  }

  follow(request, response) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
    response.flushHeaders();
    this.lines.add(response);
    request.once('close', () => this.lines.delete(response));
  }

  tell(window) {
    const text = `data: ${JSON.stringify(window)}\n\n`;
    for (const line of this.lines) {
      if (!line.writableNeedDrain) line.write(text);
    }
  }
}

// The hubs and the screens, in a process of their own.
function outside(hubPort, screenPort) {
  for (let hub = 0; hub < HUBS; hub += 1) {
    const socket = net.connect(hubPort, '127.0.0.1');
    socket.on('error', () => process.exit(1));
    socket.on('close', () => process.exit(0));
    const burst = Buffer.alloc(FRAME * 4000);
    let turn = hub;
    setInterval(() => {
      if (socket.writableNeedDrain) return;
      for (let n = 0; n < 4000; n += 1) {
        turn = (turn * 75 + 74) % 65537;
        const at = n * FRAME;
        burst.writeUInt16BE(turn % TERRARIA, at);
        burst.writeUInt16BE(turn % PROBES, at + 2);
        burst.writeUInt32BE(Date.now() % 2 ** 32, at + 4);
        burst.writeInt16BE(2200 + (turn % 1390), at + 8);
        burst.writeUInt16BE(4000 + (turn % 4000), at + 10);
        burst.writeUInt32BE(turn, at + 12);
      }
      socket.write(Buffer.from(burst));
    }, 20);
  }
  for (let screen = 0; screen < 12; screen += 1) {
    http.get({ port: screenPort, host: '127.0.0.1', path: '/live', agent: false }, (response) => response.resume());
  }
}

function listen(server) {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
}

async function main() {
  if (process.argv[2] === 'outside') {
    outside(Number(process.argv[3]), Number(process.argv[4]));
    return;
  }
  const windows = new Windows();
  const screens = new Screens();
  const hubPort = await listen(net.createServer((socket) => decode(socket, windows)));
  const screenPort = await listen(http.createServer((request, response) => screens.follow(request, response)));
  const command = `"${process.execPath}" "${__filename}" outside ${hubPort} ${screenPort} >/dev/null 2>&1 &`;
  spawn('/bin/sh', ['-c', command], { stdio: 'ignore' });
  setInterval(() => screens.tell(windows.close()), 1000);
  setTimeout(() => console.log(`ready ${process.pid}`), 3000);
}

main();
