// expect: pattern=serial-requests bench
// A hospital for dolls: who brings a doll gets an estimate at the counter. Each ailment needs spare parts (glass eyes,
// mohair, elastic cord …); the hospital asks the depot of the parts trade for the price and stock of each, takes a
// substitute of its own where the depot has none, and adds the hours of the workshop.
//
// Measured: 6 estimates a second in 84 ms each; the twin 12 ms each; other requests 1.5 ms.
'use strict';

const { execFileSync, spawnSync } = require('child_process');
const http = require('http');
const { Pool } = require('undici');

const DEPOT_ANSWERS_IN = '6'; // ms
const EVERY = 170; // ms between two estimates

const AILMENTS = {
  'sunken-eyes': { minutes: 50, parts: ['eyes-glass-16mm', 'eye-rocker', 'plaster', 'beeswax'] },
  'loose-limbs': { minutes: 35, parts: ['cord-3mm', 'hook-s', 'leather-washer', 'ball-shoulder', 'ball-hip'] },
  'bald-patch': { minutes: 90, parts: ['mohair-auburn', 'wig-cap-11in', 'gauze', 'glue-hide'] },
  'cracked-bisque': { minutes: 140, parts: ['epoxy-clear', 'porcelain-fill', 'china-paint', 'brush-000'] },
  'torn-kid-leather': { minutes: 70, parts: ['kid-white', 'thread-linen', 'sawdust-fine'] },
  'mute-voice-box': { minutes: 110, parts: ['bellows-paper', 'reed-mama', 'spring-coil', 'pull-string'] },
  'missing-fingers': { minutes: 80, parts: ['composition-mix', 'armature-wire', 'flesh-tint'] },
};
const CABINET = { 'cord-3mm': 140, plaster: 60, beeswax: 90, gauze: 75, 'sawdust-fine': 40, 'brush-000': 210 };

// ---- the depot

class DepotError extends Error {}

class Depot {
  constructor(origin) {
    this.pool = new Pool(origin, { connections: 24, pipelining: 1, headersTimeout: 5000, bodyTimeout: 5000 });
  }

  async article(part) {
    const path = `/articles/${encodeURIComponent(part)}`;
    const { statusCode, body } = await this.pool.request({ method: 'GET', path });
    if (statusCode !== 200) {
      await body.dump();
      throw new DepotError(`the depot answers ${statusCode} for ${part}`);
    }
    const { price, stock } = await body.json();
    return { part, cents: 100 + price, stock };
  }
}

// ---- the estimate

class PartsDesk {
  constructor(depot, cabinet) {
    this.depot = depot;
    this.cabinet = new Map(Object.entries(cabinet));
  }

  async offer(part, pieces) {
    const article = await this.depot.article(part);
    if (article.stock >= pieces) return { part, pieces, cents: article.cents * pieces, from: 'depot' };
    if (this.cabinet.has(part)) return { part, pieces, cents: this.cabinet.get(part) * pieces, from: 'cabinet' };
    return { part, pieces, cents: article.cents * pieces, from: 'back order' };
  }

  async offers(needed) {
    const found = [];
    for (const [part, pieces] of needed) { // <- cost
      found.push(await this.offer(part, pieces)); // <- cost
    }
    return found;
  }
}

class Estimator {
  constructor(desk, rate = 4200) {
    this.desk = desk;
    this.rate = rate; // cents an hour
    this.known = new Map(); // the last estimates, for the counter
  }

  needs(ailments) {
    const needed = new Map();
    for (const ailment of ailments) {
      for (const part of AILMENTS[ailment].parts) needed.set(part, (needed.get(part) || 0) + 1);
    }
    return needed;
  }

  async estimate({ doll, ailments }) {
    const offers = await this.desk.offers(this.needs(ailments));
    const minutes = ailments.reduce((sum, ailment) => sum + AILMENTS[ailment].minutes, 0);
    const parts = offers.reduce((sum, offer) => sum + offer.cents, 0);
    const waits = offers.some((offer) => offer.from === 'back order');
    const labour = Math.round((minutes / 60) * this.rate);
    const ready = waits ? 'in 6 weeks' : 'in 10 days';
    const made = { doll, offers, minutes, parts, labour, total: parts + labour, ready };
    this.remember(doll, made);
    return made;
  }

  remember(doll, made) {
    this.known.delete(doll);
    this.known.set(doll, made);
    if (this.known.size > 100) this.known.delete(this.known.keys().next().value);
  }
}

// ---- the counter

class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

async function read(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > 4096) throw new Refused(413, 'too long a letter');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new Refused(400, 'not JSON');
  }
}

function admitted(letter) {
  const { doll, ailments } = letter;
  if (typeof doll !== 'string' || !Array.isArray(ailments)) throw new Refused(422, 'what ails whom?');
  const unknown = ailments.find((ailment) => !Object.hasOwn(AILMENTS, ailment));
  if (unknown) throw new Refused(422, `we do not treat ${unknown}`);
  return { doll, ailments: [...new Set(ailments)] };
}

class Counter {
  constructor(estimator) {
    this.estimator = estimator;
    this.routes = [
      ['POST', /^\/estimates$/, async (request) => this.estimator.estimate(admitted(await read(request)))],
      ['GET', /^\/estimates\/([\w-]+)$/, async (request, doll) => this.known(doll)],
      ['GET', /^\/ailments$/, async () => AILMENTS],
    ];
  }

  known(doll) {
    const made = this.estimator.known.get(doll);
    if (!made) throw new Refused(404, 'no estimate for this doll');
    return made;
  }

  async answer(request) {
    for (const [method, pattern, handler] of this.routes) {
      const match = request.method === method && pattern.exec(request.url);
      if (match) return handler(request, ...match.slice(1));
    }
    throw new Refused(404, 'no such counter');
  }

  async serve(request, response) {
    let status = 200;
    let said;
    try {
      said = await this.answer(request);
    } catch (error) {
      status = error.status || (error instanceof DepotError ? 502 : 500);
      said = { error: error.message };
    }
    const body = JSON.stringify(said);
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  }
}

// ---- owners of dolls, in a process that is nobody's child

function owners(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const names = Object.keys(AILMENTS);
  const sums = {};
  let number = 0;
  let misses = 0;
  const ask = (what, method, path, said) => {
    const from = performance.now();
    const asked = http.request({ host: '127.0.0.1', port, agent, method, path }, (answer) => {
      answer.resume().on('end', () => {
        const sum = (sums[what] = sums[what] || { answered: 0, waited: 0, bad: 0 });
        sum.answered++;
        sum.bad += answer.statusCode >= 500;
        sum.waited += performance.now() - from;
      });
    });
    asked.on('error', () => ++misses > 50 && process.exit(0));
    asked.end(said && JSON.stringify(said));
  };
  setInterval(() => {
    const ailments = [0, 1, 2].map((n) => names[(number * 5 + n * (1 + (number % 2))) % names.length]);
    ask('estimates', 'POST', '/estimates', { doll: `doll-${number++}`, ailments });
  }, EVERY);
  setInterval(() => number > 5 && ask('looks', 'GET', `/estimates/doll-${number - 5}`), 300);
  setInterval(() => {
    for (const [what, { answered, waited, bad }] of Object.entries(sums)) {
      console.error(`${answered} ${what}, ${bad} bad, ${(waited / answered).toFixed(1)} ms each`);
    }
  }, 5000);
}

function main() {
  const { PYTHON, SERVICES } = process.env;
  const piped = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  const depot = Number(execFileSync(PYTHON, [SERVICES, 'http', DEPOT_ANSWERS_IN], piped));
  const counter = new Counter(new Estimator(new PartsDesk(new Depot(`http://127.0.0.1:${depot}`), CABINET)));
  const server = http.createServer((request, response) => counter.serve(request, response));
  server.keepAliveTimeout = 65000;
  server.listen(0, '127.0.0.1', () => {
    const env = { ...process.env, OWNERS_PORT: String(server.address().port) };
    const command = '"$0" "$1" >/dev/null 2>>"${REPORT:-/dev/null}" </dev/null &';
    spawnSync('sh', ['-c', command, process.execPath, __filename], { env });
    setTimeout(() => console.log(`ready ${process.pid}`), 3000);
  });
}

if (process.env.OWNERS_PORT) owners(Number(process.env.OWNERS_PORT));
else main();
