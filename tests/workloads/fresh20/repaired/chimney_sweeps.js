// expect: healthy bench
// Register of chimney sweeps: each sweeping is entered with its flue, the soot that came down and the defects seen. The
// master of a district looks at the sheet of a day, households look up when their flue was swept last, and sweeps enter
// what they have just done.
//
// Measured: 4 sheets a second in 99 ms each; the twin 4.5 ms each; other requests 3 ms.
'use strict';

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const http = require('http');
const { Pool } = require('pg');

const DISTRICTS = 14;
const FLUES = 9000;
const SWEEPINGS = 240000;
const DAYS = 400;

const SCHEMA = [
  'ALTER DATABASE postgres SET max_parallel_workers_per_gather = 0',
  `CREATE TABLE flues (id int PRIMARY KEY, district int NOT NULL, street text NOT NULL, fuel text NOT NULL)`,
  `CREATE TABLE sweepings (id serial PRIMARY KEY, flue_id int NOT NULL REFERENCES flues, swept timestamptz NOT NULL,
     soot_litres real NOT NULL, defect text, sweep int NOT NULL)`,
  `INSERT INTO flues SELECT n, 1 + n % ${DISTRICTS}, 'street ' || n / 30,
     (ARRAY['oil', 'wood', 'gas', 'pellets'])[1 + n % 4] FROM generate_series(1, ${FLUES}) n`,
  `INSERT INTO sweepings (flue_id, swept, soot_litres, defect, sweep)
     SELECT 1 + n * 7919::bigint % ${FLUES}, now() - (${SWEEPINGS} - n) * interval '${DAYS} days' / ${SWEEPINGS},
       1 + n % 80 / 10.0, CASE WHEN n % 23 = 0 THEN 'cracked liner' WHEN n % 41 = 0 THEN 'nest' END, n % 60
     FROM generate_series(1, ${SWEEPINGS}) n`,
  'CREATE INDEX sweepings_of_flue ON sweepings (flue_id, swept)',
  'CREATE INDEX sweepings_by_time ON sweepings (swept)',
  'VACUUM ANALYZE',
];

// ---- statements

class Register {
  constructor(pool) {
    this.pool = pool;
  }

  async run(name, text, values) {
    const { rows } = await this.pool.query({ name, text, values });
    return rows;
  }

  lastOf(flue) {
    return this.run(
      'last-of-flue',
      `SELECT s.swept, s.soot_litres, s.defect, f.fuel, f.street FROM sweepings s JOIN flues f ON f.id = s.flue_id
       WHERE s.flue_id = $1 ORDER BY s.swept DESC LIMIT 3`,
      [flue],
    );
  }

  sheet(district, day) {
    return this.run(
      'sheet-of-day',
      `SELECT s.id, s.flue_id, s.swept, s.soot_litres, s.defect, s.sweep, f.street, f.fuel
       FROM sweepings s JOIN flues f ON f.id = s.flue_id
       WHERE f.district = $1 AND s.swept >= $2::date AND s.swept < $2::date + 1 ORDER BY s.swept`,
      [district, day],
    );
  }

  enter({ flue, soot, defect, sweep }) {
    return this.run(
      'enter',
      `INSERT INTO sweepings (flue_id, swept, soot_litres, defect, sweep) VALUES ($1, now(), $2, $3, $4)
       RETURNING id, swept`,
      [flue, soot, defect, sweep],
    );
  }
}

// ---- the desk

class Wrong extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

const DAY = /^\d{4}-\d\d-\d\d$/;
const INTERVAL = { oil: 365, wood: 120, gas: 730, pellets: 180 };

class Desk {
  constructor(register) {
    this.register = register;
  }

  async day(district, day) {
    if (!(district >= 1 && district <= DISTRICTS)) throw new Wrong(404, 'no such district');
    if (!DAY.test(day)) throw new Wrong(400, 'which day?');
    const rows = await this.register.sheet(district, day);
    const bySweep = new Map();
    for (const row of rows) {
      const own = bySweep.get(row.sweep) || { sweep: row.sweep, flues: 0, litres: 0, defects: [] };
      own.flues += 1;
      own.litres += row.soot_litres;
      if (row.defect) own.defects.push({ flue: row.flue_id, street: row.street, defect: row.defect });
      bySweep.set(row.sweep, own);
    }
    const sweeps = [...bySweep.values()].sort((a, b) => b.flues - a.flues || a.sweep - b.sweep);
    return { district, day, entries: rows.length, sweeps };
  }

  async flue(number) {
    const rows = await this.register.lastOf(number);
    if (!rows.length) throw new Wrong(404, 'never swept');
    const [{ swept, fuel, street }] = rows;
    const due = new Date(swept.getTime() + INTERVAL[fuel] * 86400000);
    return { flue: number, street, fuel, due: due.toISOString().slice(0, 10), last: rows };
  }

  async enter(entry) {
    const { flue, soot, defect = null, sweep } = entry;
    if (!(flue >= 1 && flue <= FLUES)) throw new Wrong(404, 'no such flue');
    if (!(soot >= 0 && soot < 200)) throw new Wrong(422, 'how much soot?');
    const [row] = await this.register.enter({ flue, soot, defect, sweep });
    return row;
  }
}

// ---- the server

async function letter(request) {
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += part;
  try {
    return JSON.parse(text);
  } catch {
    throw new Wrong(400, 'not JSON');
  }
}

async function dispatch(desk, request) {
  const [, what, number, detail] = request.url.split('/');
  if (request.method === 'GET' && what === 'districts') return desk.day(Number(number), detail);
  if (request.method === 'GET' && what === 'flues') return desk.flue(Number(number));
  if (request.method === 'POST' && what === 'sweepings') return desk.enter(await letter(request));
  throw new Wrong(404, 'not found');
}

async function serve(desk, request, response) {
  const say = (status, said) => {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(said));
  };
  try {
    say(200, await dispatch(desk, request));
  } catch (error) {
    if (!error.status) console.error(error.message);
    say(error.status || 500, { error: error.status ? error.message : 'internal' });
  }
}

// ---- masters, households and sweeps, in a process that is nobody's child

function callers(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const any = (number) => Math.floor(Math.random() * number);
  const sums = {};
  let open = 0;
  let misses = 0;
  const ask = (what, method, path, said) => {
    if (open >= 30) return;
    open++;
    const from = performance.now();
    const asked = http.request({ host: '127.0.0.1', port, agent, method, path }, (answer) => {
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
  const day = () => new Date(Date.now() - any(DAYS - 2) * 86400000).toISOString().slice(0, 10);
  setInterval(() => ask('sheets', 'GET', `/districts/${1 + any(DISTRICTS)}/${day()}`), 260);
  setInterval(() => ask('flues', 'GET', `/flues/${1 + any(FLUES)}`), 70);
  const entry = () => ({ flue: 1 + any(FLUES), soot: any(80) / 10, sweep: any(60) });
  setInterval(() => ask('entries', 'POST', '/sweepings', entry()), 300);
  setInterval(() => {
    for (const [what, { answered, bad, waited }] of Object.entries(sums)) {
      console.error(`${answered} ${what}, ${bad} bad, ${(waited / answered).toFixed(1)} ms each`);
    }
  }, 5000);
}

function main() {
  const { PYTHON, SERVICES } = process.env;
  const piped = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  fs.chmodSync('.', 0o777); // PostgreSQL runs as a user of its own
  const database = Number(execFileSync(PYTHON, [SERVICES, 'postgres', ...SCHEMA], piped));
  const pool = new Pool({ host: '127.0.0.1', port: database, user: 'postgres', database: 'postgres', max: 8 });
  pool.on('error', (error) => console.error('idle connection:', error.message));
  const desk = new Desk(new Register(pool));
  const server = http.createServer((request, response) => serve(desk, request, response));
  server.keepAliveTimeout = 65000;
  server.listen(0, '127.0.0.1', () => {
    const env = { ...process.env, CALLERS_PORT: String(server.address().port) };
    const command = '"$0" "$1" >/dev/null 2>>"${REPORT:-/dev/null}" </dev/null &';
    spawnSync('sh', ['-c', command, process.execPath, __filename], { env });
    setTimeout(() => console.log(`ready ${process.pid}`), 3000);
  });
}

if (process.env.CALLERS_PORT) callers(Number(process.env.CALLERS_PORT));
else main();
