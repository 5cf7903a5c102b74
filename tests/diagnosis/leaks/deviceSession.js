'use strict';

const net = require('net');

const STX = 0x02;
const FRAME = 64;
const REPORT_EVERY_MS = 10000;

function crc8(buf) {
  let crc = 0;
  for (const b of buf) {
    crc ^= b;
    for (let i = 0; i < 8; i++) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : (crc << 1) & 0xff;
  }
  return crc;
}

function decode(frame) {
  if (frame[0] !== STX || crc8(frame.subarray(0, FRAME - 1)) !== frame[FRAME - 1]) return null;
  return {
    channel: frame.readUInt8(1),
    at: frame.readUInt32BE(2),
    value: frame.readFloatBE(6),
  };
}

function createWindow(channels, seconds) {
  const columns = [];
  for (let c = 0; c < channels; c++) {
    columns.push(new Float32Array(seconds * 10)); // <- made 100
  }
  return { columns, head: new Uint32Array(channels) };
}

function summarise(window) {
  return window.columns.map((col) => {
    let sum = 0;
    let max = -Infinity;
    for (const v of col) {
      sum += v;
      if (v > max) max = v;
    }
    return { mean: sum / col.length, max };
  });
}

function attach(socket, sink, online) {
  const window = createWindow(16, 120);
  const id = `${socket.remoteAddress}:${socket.remotePort}`;
  let pending = Buffer.alloc(0);
  let bad = 0;

  online.set(id, { since: Date.now() });

  const idle = setTimeout(() => socket.destroy(), 60000);

  setInterval(() => { // <- cost
    const rows = summarise(window);
    sink.write({ id, bad, rows });
    bad = 0;
  }, REPORT_EVERY_MS);

  socket.on('data', (chunk) => {
    idle.refresh();
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= FRAME) {
      const msg = decode(pending.subarray(0, FRAME));
      pending = pending.subarray(FRAME);
      if (!msg || msg.channel >= window.columns.length) {
        bad++;
        continue;
      }
      const col = window.columns[msg.channel];
      col[window.head[msg.channel]++ % col.length] = msg.value;
    }
  });

  socket.on('error', (err) => sink.warn(`${id}: ${err.message}`));
  socket.on('close', () => { // <- cost
    clearTimeout(idle);
    online.delete(id);
    pending = Buffer.alloc(0);
  });
}

function serve(port, sink) {
  const online = new Map();
  const server = net.createServer((socket) => attach(socket, sink, online));
  server.listen(port);
  return { server, online };
}

module.exports = { serve, decode };
