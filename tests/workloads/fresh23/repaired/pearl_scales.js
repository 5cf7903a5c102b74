// expect: healthy bench
// The grading room of a pearl dealer: graders put a pearl on the balance and press a key; the balance (on a line of its
// own, here a pair of pipes) says the weight as soon as it stands still. Boards show the lots all the time.
//
// Measured: pearls take 32 ms in both; the event loop stands still for 38 % of the time (12 a second, 32 ms each), lots and
// boards wait 7.4 ms, in the twin 1.0 ms. CPU: 2.4 % of a core, twin 2.9 %.
'use strict';

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const http = require('http');
const net = require('net');
const readline = require('readline');

const LOTS = ['akoya', 'keshi', 'tahiti', 'biwa', 'conch', 'mabe'];
const LOT_SIZE = 150;
const PEARLS_A_SECOND = 12;
const SETTLES = 30; // milliseconds
const COMMANDS = 'balance.commands';
const WEIGHTS = 'balance.weights';

// ---- the balance

class Balance {
  constructor(commands, weights) {
    this.commands = fs.createWriteStream(commands, { flags: 'r+' });
    const { O_RDWR, O_NONBLOCK } = fs.constants;
    const input = new net.Socket({ fd: fs.openSync(weights, O_RDWR | O_NONBLOCK), readable: true, writable: false });
    this.waiting = [];
    this.asked = 0;
    readline.createInterface({ input }).on('line', (line) => this.said(line));
  }

  /** "S S   1.234 ct": stable; "S I": it did not come to rest. */
  static parse(line) {
    const [, state, carats] = line.trim().split(/\s+/);
    if (state !== 'S') throw new Error(`the balance says ${line.trim()}`);
    return Number(carats);
  }

  said(line) {
    const { resolve, reject } = this.waiting.shift() || {};
    try {
      resolve?.(Balance.parse(line));
    } catch (error) {
      reject(error);
    }
  }

  /** The balance answers in the order in which it was asked. */
  stableWeight() {
    this.asked++;
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.commands.write('S\n');
    });
  }
}

// ---- lots

function percentile(sorted, share) {
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] : 0;
}

class Lot {
  constructor(name) {
    this.name = name;
    this.shipped = 0;
    this.pearls = [];
  }

  add(pearl) {
    this.pearls.push(pearl);
    if (this.pearls.length < LOT_SIZE) return;
    this.shipped++;
    this.pearls = [];
  }

  summary() {
    const carats = this.pearls.map((pearl) => pearl.carats).sort((a, b) => a - b);
    const grades = {};
    for (const { grade } of this.pearls) grades[grade] = (grades[grade] || 0) + 1;
    return {
      lot: this.name,
      shipped: this.shipped,
      pearls: carats.length,
      carats: Number(carats.reduce((sum, each) => sum + each, 0).toFixed(3)),
      median: percentile(carats, 0.5),
      heaviest: carats[carats.length - 1] || null,
      grades,
    };
  }
}

class GradingRoom {
  constructor(balance) {
    this.balance = balance;
    this.lots = new Map(LOTS.map((name) => [name, new Lot(name)]));
  }

  static grade(carats, { lustre, blemishes }) {
    const points = lustre * 2 - blemishes + (carats > 3 ? 2 : 0);
    if (points >= 16) return 'AAA';
    if (points >= 10) return 'AA';
    return points >= 4 ? 'A' : 'B';
  }

  async weigh(name, seen) {
    const lot = this.lots.get(name);
    const carats = await this.balance.stableWeight();
    const pearl = { carats, grade: GradingRoom.grade(carats, seen), at: Date.now() };
    lot.add(pearl);
    return pearl;
  }

  board() {
    return [...this.lots.values()].map((lot) => ({ lot: lot.name, shipped: lot.shipped, pearls: lot.pearls.length }));
  }
}

// ---- the server

async function answer(request, room) {
  const { pathname, searchParams } = new URL(request.url, 'http://room');
  const [, what, name, then] = pathname.split('/');
  if (what === 'board') return [200, room.board()];
  if (what !== 'lots' || !room.lots.has(name)) return [404, { error: 'no such lot' }];
  if (request.method === 'GET') return [200, room.lots.get(name).summary()];
  if (then !== 'pearls') return [404, { error: 'not found' }];
  const seen = { lustre: Number(searchParams.get('lustre')), blemishes: Number(searchParams.get('blemishes')) };
  if (Number.isNaN(seen.lustre + seen.blemishes)) return [400, { error: 'lustre and blemishes are numbers' }];
  return [201, await room.weigh(name, seen)];
}

function serve(room) {
  return http.createServer(async (request, response) => {
    let status = 502;
    let value;
    try {
      [status, value] = await answer(request, room);
    } catch (error) {
      value = { error: error.message };
    }
    const body = JSON.stringify(value);
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  });
}

// ---- the balance itself, and graders and boards, in processes of their own

function pan() {
  const weights = fs.openSync(WEIGHTS, 'r+');
  const input = fs.createReadStream(COMMANDS, { flags: 'r+' });
  let pearl = 0;
  readline.createInterface({ input }).on('line', () => {
    const carats = 0.8 + ((++pearl * 7919) % 4000) / 1000;
    setTimeout(() => fs.writeSync(weights, `S S ${carats.toFixed(3).padStart(8)} ct\r\n`), SETTLES + (pearl % 7) - 3);
  });
}

function visitors(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const sums = {};
  let open = 0;
  const ask = (what, method, path) => {
    if (open >= 16) return;
    open++;
    const from = performance.now();
    const request = http.request({ port, host: '127.0.0.1', agent, method, path }, (response) => {
      response.resume().on('end', () => {
        open--;
        const sum = (sums[what] = sums[what] || { answered: 0, waited: 0 });
        sum.answered++;
        sum.waited += performance.now() - from;
      });
    });
    request.on('error', (error) => (error.code === 'ECONNREFUSED' ? process.exit() : open--));
    request.end();
  };
  const any = (number) => Math.floor(Math.random() * number);
  setInterval(() => {
    ask('pearls', 'POST', `/lots/${LOTS[any(6)]}/pearls?lustre=${1 + any(9)}&blemishes=${any(6)}`);
  }, 1000 / PEARLS_A_SECOND);
  setInterval(() => ask('lots', 'GET', `/lots/${LOTS[any(6)]}`), 37);
  setInterval(() => ask('boards', 'GET', '/board'), 101);
  setInterval(() => {
    if (!process.env.REPORT) return;
    for (const [what, { answered, waited }] of Object.entries(sums)) {
      fs.appendFileSync(process.env.REPORT, `${answered} ${what}, ${(waited / answered).toFixed(1)} ms\n`);
    }
  }, 5000);
}

function aside(role, port = 0) {
  const env = { ...process.env, ROOM_ROLE: role, ROOM_PORT: String(port) };
  spawnSync('sh', ['-c', '"$0" "$1" >/dev/null 2>&1 &', process.execPath, __filename], { env, stdio: 'ignore' });
}

function main() {
  execFileSync('mkfifo', [COMMANDS, WEIGHTS]);
  aside('pan');
  const room = new GradingRoom(new Balance(COMMANDS, WEIGHTS));
  const server = serve(room).listen(0, '127.0.0.1', () => {
    setTimeout(() => aside('visitors', server.address().port), 500);
    setTimeout(() => console.log(`ready ${process.pid}`), 3000);
  });
  server.keepAliveTimeout = 65000;
}

if (process.env.ROOM_ROLE === 'pan') pan();
else if (process.env.ROOM_ROLE === 'visitors') visitors(Number(process.env.ROOM_PORT));
else main();
