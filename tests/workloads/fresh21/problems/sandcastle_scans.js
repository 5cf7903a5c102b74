// expect: pattern=memory-growth bench
// A sandcastle competition: helpers walk round each castle with a scanner, which calls here over the beach's mobile
// network, sends one height map, and is told volume, height, steepest wall, and whether the castle will stand the tide.
// The judges' tent reads the best castles from the same process.
//
// Plain Node: a TCP server for the scanners, and an HTTP server for the tent.
//
// Measured: 66 scans a second in both; resident memory grows from 189 to 285 MiB in 25 s (3.8 MiB/s); in the twin from
// 71 to 83 MiB, where it stays (the heap finds its size); 0.04 of a core in both.
'use strict';

const { spawnSync } = require('child_process');
const http = require('http');
const net = require('net');

const CASTLES = 90;
const SIDE = 80; // points of a height map
const POINT_CM = 2.5;
const SCANS_A_SECOND = 66;
const REHEARSAL_MS = 10000;
const IDLE_MS = 15000;
const HEADER_LIMIT = 512;

// ---- what is measured of a castle

function volumeOf(heights) {
  let sum = 0;
  for (const row of heights) {
    for (const height of row) sum += height;
  }
  return (sum * POINT_CM * POINT_CM) / 1000; // litres
}

function highest(heights) {
  let most = 0;
  for (const row of heights) most = Math.max(most, ...row);
  return most;
}

function steepest(heights) {
  let most = 0;
  for (let y = 1; y < heights.length; y++) {
    const row = heights[y];
    const before = heights[y - 1];
    for (let x = 1; x < row.length; x++) {
      const slope = Math.max(Math.abs(row[x] - before[x]), Math.abs(row[x] - row[x - 1]));
      if (slope > most) most = slope;
    }
  }
  return (Math.atan2(most, POINT_CM) * 180) / Math.PI;
}

// Counts what of each row would stand in water, from the sea's side up to the first wall that is high enough.
function flooded(heights, tideCm) {
  let wet = 0;
  for (const row of heights) {
    const wall = row.findIndex((height) => height > tideCm);
    wet += wall < 0 ? row.length : wall;
  }
  return wet / (heights.length * heights[0].length);
}

function judge(heights, tideCm) {
  const steep = steepest(heights);
  const wet = flooded(heights, tideCm);
  return {
    litres: Math.round(volumeOf(heights)),
    highest: Math.round(highest(heights) * 10) / 10,
    steepest: Math.round(steep),
    stands: steep < 86 && wet < 0.6,
  };
}

class Standings {
  constructor() {
    this.best = new Map();
    this.scans = 0;
  }

  enter(castle, verdict) {
    this.scans++;
    const before = this.best.get(castle);
    if (!before || verdict.litres * verdict.highest > before.litres * before.highest) this.best.set(castle, verdict);
  }

  table() {
    const rows = [...this.best].map(([castle, verdict]) => ({ castle, ...verdict }));
    return rows.sort((a, b) => b.litres * b.highest - a.litres * a.highest).slice(0, 12);
  }
}

// ---- a scanner's call

class Call {
  constructor(socket) {
    this.socket = socket;
    this.since = Date.now();
    this.pieces = [];
    this.length = 0;
    this.header = null;
    this.heights = null;
  }

  take(piece) {
    this.pieces.push(piece);
    this.length += piece.length;
    if (!this.header && !this.readHeader()) return false;
    return this.length >= this.header.bytes;
  }

  readHeader() {
    const all = Buffer.concat(this.pieces);
    const end = all.indexOf(10);
    if (end < 0) {
      if (all.length > HEADER_LIMIT) throw new Error('no header');
      return false;
    }
    const { castle, side, tide } = JSON.parse(all.toString('latin1', 0, end));
    if (!(castle >= 0 && castle < CASTLES) || !(side > 1 && side <= 200)) throw new Error('no such castle');
    this.header = { castle, side, tide: Number(tide) || 0, bytes: side * side * 2 };
    this.pieces = [all.subarray(end + 1)];
    this.length = this.pieces[0].length;
    return true;
  }

  readHeights() {
    const { side } = this.header;
    const all = Buffer.concat(this.pieces);
    this.pieces = [];
    this.heights = Array.from({ length: side }, (_, y) => {
      const row = [];
      for (let x = 0; x < side; x++) row.push(all.readUInt16BE((y * side + x) * 2) / 10); // <- cost
      return row;
    });
    return this.heights;
  }
}

class ScannerServer {
  constructor(standings) {
    this.standings = standings;
    this.calls = new Map();
    this.refused = 0;
    this.server = net.createServer((socket) => this.accept(socket));
  }

  accept(socket) {
    const caller = `${socket.remoteAddress}:${socket.remotePort}`;
    const call = new Call(socket);
    this.calls.set(caller, call); // <- cost
    socket.setTimeout(IDLE_MS, () => socket.destroy(new Error('idle')));
    socket.on('data', (piece) => {
      try {
        if (call.take(piece)) this.answer(call);
      } catch (error) {
        this.refused++;
        socket.end(`${JSON.stringify({ error: error.message })}\n`);
      }
    });
    socket.on('error', () => {
      this.calls.delete(caller);
      this.refused++;
    });
  }

  answer(call) {
    const { castle, tide } = call.header;
    const verdict = judge(call.readHeights(), tide);
    this.standings.enter(castle, verdict);
    call.socket.end(`${JSON.stringify({ castle, ...verdict, ms: Date.now() - call.since })}\n`);
  }

  hangUp() {
    for (const call of this.calls.values()) call.socket.destroy();
    this.server.close();
  }
}

// ---- the tent

function tentServer(standings) {
  return http.createServer((request, response) => {
    if (request.url !== '/standings') {
      response.writeHead(404).end();
      return;
    }
    const body = JSON.stringify({ scans: standings.scans, castles: standings.table() });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    response.end(body);
  });
}

// ---- the beach, in a process of its own

function heightMap(castle) {
  const map = Buffer.alloc(SIDE * SIDE * 2);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const towers = Math.sin(x / (3 + (castle % 5))) * Math.cos(y / (4 + (castle % 3)));
      const moat = Math.hypot(x - SIDE / 2, y - SIDE / 2) > SIDE * 0.42 ? 0 : 30;
      map.writeUInt16BE(Math.round(Math.max(0, moat + 25 * towers) * 10), (y * SIDE + x) * 2);
    }
  }
  return Buffer.concat([Buffer.from(`${JSON.stringify({ castle, side: SIDE, tide: 12 + (castle % 9) })}\n`), map]);
}

function beach(scanners, tent) {
  const maps = Array.from({ length: CASTLES }, (_, castle) => heightMap(castle));
  let turn = 0;
  let open = 0;
  const scan = () => {
    if (open >= 32) return;
    open++;
    const socket = net.connect(scanners, '127.0.0.1', () => socket.write(maps[turn++ % CASTLES]));
    socket.resume();
    socket.on('error', () => {});
    socket.on('close', () => open--);
  };
  const rehearsal = setInterval(scan, 5);
  setTimeout(() => {
    clearInterval(rehearsal);
    setInterval(scan, 1000 / SCANS_A_SECOND);
  }, REHEARSAL_MS);
  const agent = new http.Agent({ keepAlive: true });
  setInterval(() => {
    http
      .get({ host: '127.0.0.1', port: tent, path: '/standings', agent }, (response) => response.resume())
      .on('error', () => {});
  }, 1000);
}

function main() {
  const standings = new Standings();
  const scanners = new ScannerServer(standings);
  const tent = tentServer(standings);
  scanners.server.listen(0, '127.0.0.1', () => {
    tent.listen(0, '127.0.0.1', () => {
      const ports = `${scanners.server.address().port} ${tent.address().port}`;
      const start = '"$0" "$1" >/dev/null 2>&1 &';
      const env = { ...process.env, LOAD_PORTS: ports };
      spawnSync('sh', ['-c', start, process.execPath, __filename], { env, stdio: 'ignore' });
      setTimeout(() => console.log(`ready ${process.pid}`), REHEARSAL_MS + 1500);
    });
  });
  process.on('SIGTERM', () => {
    scanners.hangUp();
    process.exit(0);
  });
}

if (process.env.LOAD_PORTS) beach(...process.env.LOAD_PORTS.split(' ').map(Number));
else main();
