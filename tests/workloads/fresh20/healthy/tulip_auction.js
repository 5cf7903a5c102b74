// bench: healthy
// Auction of tulip bulbs: buyers in the hall and at home bid on lots; bids are collected for a moment and
// written together, descriptions of lots are kept for some seconds, and the book of a lot is read from the database.
//
// Measured: 70 requests a second, 6 % of a core; books 6 ms, bids 30 ms each (20 ms of them to be collected).
'use strict';

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const http = require('http');

const LOTS = 400;
const BUYERS = 150;
const RATE = 70; // requests a second

const SCHEMA = [
  `CREATE TABLE lots (id int PRIMARY KEY, cultivar text NOT NULL, grower text NOT NULL, circumference int NOT NULL,
     bulbs int NOT NULL, reserve int NOT NULL)`,
  `CREATE TABLE bids (id bigserial PRIMARY KEY, lot_id int NOT NULL REFERENCES lots, buyer int NOT NULL,
     cents int NOT NULL, made timestamptz NOT NULL)`,
  `INSERT INTO lots SELECT n, (ARRAY['Semper Augustus', 'Queen of Night', 'Rembrandt', 'Apeldoorn'])[1 + n % 4],
     'grower ' || n % 31, 8 + n % 7, 50 + n % 9 * 25, 900 + n * 37 % 2100 FROM generate_series(1, ${LOTS}) n`,
  `INSERT INTO bids (lot_id, buyer, cents, made) SELECT 1 + n % ${LOTS}, n % ${BUYERS}, 500 + n % 3000, now()
     FROM generate_series(1, 8000) n`,
  'CREATE INDEX bids_of_lot ON bids (lot_id, cents DESC, id)',
  'ANALYZE',
];

// ---- what is kept for a while

class Recent {
  constructor(most, milliseconds) {
    this.most = most;
    this.milliseconds = milliseconds;
    this.entries = new Map();
  }

  /** What is known of ``key``, or being asked for; many who ask at once ask once. */
  get(key, load) {
    const known = this.entries.get(key);
    if (known && known.until > Date.now()) return known.value;
    this.entries.delete(key);
    const value = load(key);
    this.entries.set(key, { value, until: Date.now() + this.milliseconds });
    value.catch(() => this.entries.delete(key));
    if (this.entries.size > this.most) this.entries.delete(this.entries.keys().next().value);
    return value;
  }
}

// ---- bids, written together

class BidWriter {
  constructor(pool, pause = 20, most = 200) {
    this.pool = pool;
    this.pause = pause;
    this.most = most;
    this.waiting = [];
    this.written = 0;
    this.planned = false;
  }

  add(lot, buyer, cents) {
    if (this.waiting.length >= 5 * this.most) throw Object.assign(new Error('busy'), { statusCode: 503 });
    this.plan();
    return new Promise((resolve, reject) => {
      this.waiting.push({ lot, buyer, cents, made: new Date(), resolve, reject });
    });
  }

  plan() {
    if (this.planned) return;
    this.planned = true;
    setTimeout(async () => {
      await this.write(this.waiting.splice(0, this.most));
      this.planned = false;
      if (this.waiting.length) this.plan();
    }, this.pause);
  }

  async write(batch) {
    try {
      const { rows } = await this.pool.query({
        name: 'bids',
        text: `INSERT INTO bids (lot_id, buyer, cents, made)
               SELECT * FROM unnest($1::int[], $2::int[], $3::int[], $4::timestamptz[]) RETURNING id`,
        values: ['lot', 'buyer', 'cents', 'made'].map((column) => batch.map((bid) => bid[column])),
      });
      batch.forEach((bid, at) => bid.resolve(rows[at].id));
      this.written += batch.length;
    } catch (error) {
      batch.forEach((bid) => bid.reject(error));
    }
  }
}

// ---- the hall

class Hall {
  constructor(pool, writer) {
    this.pool = pool;
    this.writer = writer;
    this.lots = new Recent(300, 5000);
    this.latest = []; // for the board: the last thirty bids
  }

  lot(id) {
    return this.lots.get(id, async () => {
      const text = 'SELECT id, cultivar, grower, circumference, bulbs, reserve FROM lots WHERE id = $1';
      const { rows } = await this.pool.query({ name: 'lot', text, values: [id] });
      if (!rows.length) throw Object.assign(new Error('no such lot'), { statusCode: 404 });
      return rows[0];
    });
  }

  async book(id) {
    const [lot, { rows }] = await Promise.all([
      this.lot(id),
      this.pool.query({
        name: 'book',
        text: 'SELECT id, buyer, cents FROM bids WHERE lot_id = $1 ORDER BY cents DESC, id LIMIT 12',
        values: [id],
      }),
    ]);
    return { ...lot, sold: rows.length > 0 && rows[0].cents >= lot.reserve, bids: rows };
  }

  async bid(id, buyer, cents) {
    const lot = await this.lot(id);
    if (cents < lot.reserve / 4) throw Object.assign(new Error('do not joke'), { statusCode: 422 });
    const number = await this.writer.add(id, buyer, cents);
    const known = this.latest.find((bid) => bid.buyer === buyer && bid.lot === id);
    if (known) known.cents = cents;
    else this.latest.unshift({ lot: id, buyer, cents });
    if (this.latest.length > 30) this.latest.pop();
    return { bid: number };
  }
}

function application(hall) {
  const app = require('fastify')({ logger: false, keepAliveTimeout: 65000 });
  const integer = (minimum, maximum) => ({ type: 'integer', minimum, maximum });
  const params = { type: 'object', properties: { lot: integer(1, 100000) } };
  const body = {
    type: 'object',
    required: ['buyer', 'cents'],
    properties: { buyer: integer(0, BUYERS), cents: integer(1, 1000000) },
  };
  app.get('/lots/:lot', { schema: { params } }, (request) => hall.book(request.params.lot));
  app.post('/lots/:lot/bids', { schema: { params, body } }, async (request, reply) => {
    reply.code(201);
    return hall.bid(request.params.lot, request.body.buyer, request.body.cents);
  });
  app.get('/board', async () => hall.latest);
  return app;
}

// ---- buyers, in a process that is nobody's child

function buyers(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 30 });
  const any = (number) => Math.floor(Math.random() * number);
  const sums = {};
  let open = 0;
  let misses = 0;
  const ask = (what, method, path, said) => {
    if (open >= 60) return;
    open++;
    const from = performance.now();
    const headers = said ? { 'Content-Type': 'application/json' } : {};
    const asked = http.request({ host: '127.0.0.1', port, agent, method, path, headers }, (answer) => {
      answer.resume().on('end', () => {
        open--;
        const sum = (sums[what] = sums[what] || { answered: 0, bad: 0, waited: 0 });
        sum.answered++;
        sum.bad += answer.statusCode >= 500;
        sum.waited += performance.now() - from;
      });
    });
    asked.on('error', () => {
      open--;
      if (++misses > 50) process.exit(0);
    });
    asked.end(said && JSON.stringify(said));
  };
  const come = (number) => {
    const lot = 1 + any(LOTS);
    if (number % 10 === 0) ask('boards', 'GET', '/board');
    else if (number % 3 === 0) ask('bids', 'POST', `/lots/${lot}/bids`, { buyer: any(BUYERS), cents: 750 + any(3e3) });
    else ask('books', 'GET', `/lots/${lot}`);
  };
  const begun = performance.now();
  let sent = 0;
  setInterval(() => {
    for (const due = ((performance.now() - begun) / 1000) * RATE; sent < due; sent++) come(sent);
  }, 10);
  setInterval(() => {
    for (const [what, { answered, bad, waited }] of Object.entries(sums)) {
      console.error(`${answered} ${what}, ${bad} bad, ${(waited / answered).toFixed(1)} ms each`);
    }
  }, 5000);
}

async function main() {
  const { Pool } = require('pg');
  const { PYTHON, SERVICES } = process.env;
  const piped = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  fs.chmodSync('.', 0o777); // PostgreSQL runs as a user of its own
  const port = Number(execFileSync(PYTHON, [SERVICES, 'postgres', ...SCHEMA], piped));
  const pool = new Pool({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', max: 8 });
  pool.on('error', (error) => console.error('idle connection:', error.message));
  const app = application(new Hall(pool, new BidWriter(pool)));
  await app.listen({ port: 0, host: '127.0.0.1' });
  const env = { ...process.env, BUYERS_PORT: String(app.server.address().port) };
  const command = '"$0" "$1" >/dev/null 2>>"${REPORT:-/dev/null}" </dev/null &';
  spawnSync('sh', ['-c', command, process.execPath, __filename], { env });
  setTimeout(() => console.log(`ready ${process.pid}`), 4000);
}

if (process.env.BUYERS_PORT) buyers(Number(process.env.BUYERS_PORT));
else main();
