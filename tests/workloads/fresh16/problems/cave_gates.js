// expect: pattern=blocking-io bench
// Gates of show caves and research caves: a caver opens a gate with a member number and a PIN, the keypad asks here;
// probes in the caves report the air, and the wardens' boards read radon and carbon dioxide from here all the time.
//
// Measured: in 60 s on a busy machine boards wait 941 ms (quiet: 7 ms), 11.2 s of CPU, 227 entries; in the twin boards
// wait 9 ms, 16.0 s of CPU (344 entries of 42 ms of scrypt each: the real work).
'use strict';

const crypto = require('crypto');
const { fork } = require('child_process');
const http = require('http');
const { promisify } = require('util');

const GATES = ['swildon', 'lechuguilla', 'gouffre-berger', 'holloch', 'postojna', 'vjetrenica', 'krubera', 'ogof'];
const MEMBERS = 12;
const COST = { N: 16384, r: 8, p: 1 };
const scrypt = promisify(crypto.scrypt);

const pinOf = (member) => String(100000 + ((member * 7919) % 900000));

// ---- the members and their PINs

class MemberStore {
  constructor() {
    this.members = new Map();
  }

  async enrol(number, pin, gates) {
    const salt = crypto.randomBytes(16);
    const hash = await scrypt(pin, salt, 32, COST);
    this.members.set(number, { number, salt, hash, gates: new Set(gates), misses: 0, lockedUntil: 0 });
  }

  find(number) {
    return this.members.get(number);
  }
}

class PinVerifier {
  constructor(store, clock = Date.now) {
    this.store = store;
    this.clock = clock;
  }

  derive(pin, member) {
    return crypto.scryptSync(pin, member.salt, member.hash.length, COST); // <- cost
  }

  matches(pin, member) {
    return crypto.timingSafeEqual(this.derive(pin, member), member.hash);
  }

  verify(number, pin) {
    const member = this.store.find(number);
    if (!member || member.lockedUntil > this.clock()) return { member: null, reason: 'unknown or locked' };
    if (!this.matches(pin, member)) {
      member.misses += 1;
      if (member.misses >= 5) {
        member.misses = 0;
        member.lockedUntil = this.clock() + 2000;
      }
      return { member: null, reason: 'wrong PIN' };
    }
    member.misses = 0;
    return { member, reason: null };
  }
}

// ---- the air in the caves

class AirLog {
  constructor(gates, kept = 32) {
    this.kept = kept;
    this.readings = new Map(gates.map((gate) => [gate, []]));
  }

  record(gate, reading) {
    const list = this.readings.get(gate);
    list.push(reading);
    if (list.length > this.kept) list.shift();
  }

  latest(gate) {
    const list = this.readings.get(gate);
    const last = list[list.length - 1];
    if (!last) return null;
    const mean = list.reduce((sum, reading) => sum + reading.radon, 0) / list.length;
    return { ...last, meanRadon: Math.round(mean), safe: last.co2 < 15000 && mean < 3000 };
  }
}

// ---- middleware

const handled = (handler) => (request, response, next) => {
  Promise.resolve(handler(request, response, next)).catch(next);
};

function knownGate(air) {
  return (request, response, next) => {
    if (!air.readings.has(request.params.gate)) return response.status(404).json({ error: 'no such gate' });
    return next();
  };
}

function requirePin(verifier) {
  return handled((request, response, next) => {
    const { member: number, pin } = request.body;
    const { member, reason } = verifier.verify(Number(number), String(pin));
    if (!member) return response.status(401).json({ error: reason });
    request.member = member;
    return next();
  });
}

// ---- the application

function application(verifier, air, entries) {
  const express = require('express');
  const app = express();
  app.disable('x-powered-by');

  const gates = express.Router({ mergeParams: true });
  gates.get('/air', (request, response) => response.json(air.latest(request.params.gate)));
  gates.post('/air', express.json(), (request, response) => {
    const { radon, co2, celsius } = request.body;
    air.record(request.params.gate, { radon, co2, celsius, at: Date.now() });
    response.status(204).end();
  });
  gates.post('/open', express.json(), requirePin(verifier), (request, response) => {
    const { gate } = request.params;
    if (!request.member.gates.has(gate)) return response.status(403).json({ error: 'not your cave' });
    const state = air.latest(gate);
    if (state && !state.safe) return response.status(409).json({ error: 'bad air' });
    entries.push({ gate, member: request.member.number, at: Date.now() });
    if (entries.length > 500) entries.shift();
    return response.json({ open: 8, entry: entries.length });
  });

  app.use('/gates/:gate', knownGate(air), gates);
  app.use((error, request, response, next) => {
    if (response.headersSent) return next(error);
    return response.status(500).json({ error: 'internal' });
  });
  return app;
}

// ---- keypads, probes and boards, in a process of their own

function visitors(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 40 });
  const sums = {};
  let open = 0;
  const ask = (what, method, path, body) => {
    if (open >= 40) return;
    open++;
    const from = performance.now();
    const headers = body ? { 'Content-Type': 'application/json' } : {};
    const request = http.request({ port, host: '127.0.0.1', agent, method, path, headers }, (response) => {
      response.resume().on('end', () => {
        open--;
        const sum = (sums[what] = sums[what] || { answered: 0, waited: 0 });
        sum.answered++;
        sum.waited += performance.now() - from;
      });
    });
    request.on('error', () => open--);
    request.end(body && JSON.stringify(body));
  };
  const any = (number) => Math.floor(Math.random() * number);
  const gate = () => GATES[any(GATES.length)];
  setInterval(() => {
    const member = any(MEMBERS);
    const pin = any(12) ? pinOf(member) : '000000';
    ask('entries', 'POST', `/gates/${gate()}/open`, { member, pin });
  }, 170);
  setInterval(() => ask('boards', 'GET', `/gates/${gate()}/air`), 50);
  setInterval(() => {
    ask('probes', 'POST', `/gates/${gate()}/air`, { radon: 200 + any(900), co2: 600 + any(4000), celsius: 8 + any(3) });
  }, 200);
  if (process.env.REPORT) {
    setInterval(() => {
      for (const [what, { answered, waited }] of Object.entries(sums)) {
        console.error(`${answered} ${what}, ${(waited / answered).toFixed(1)} ms each`);
      }
    }, 5000);
  }
  process.on('disconnect', () => process.exit(0));
  setTimeout(() => process.send('running'), 200);
}

async function main() {
  const store = new MemberStore();
  const gatesOf = (number) => GATES.filter((gate, at) => (number + at) % 5 > 0);
  await Promise.all(Array.from({ length: MEMBERS }, (_, n) => store.enrol(n, pinOf(n), gatesOf(n))));
  const app = application(new PinVerifier(store), new AirLog(GATES), []);
  const server = app.listen(0, '127.0.0.1', () => {
    const load = fork(__filename, { env: { ...process.env, LOAD_PORT: String(server.address().port) } });
    load.once('message', () => console.log(`ready ${process.pid}`));
  });
  server.keepAliveTimeout = 65000;
}

if (process.env.LOAD_PORT) visitors(Number(process.env.LOAD_PORT));
else main();
