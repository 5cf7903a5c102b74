// expect: pattern=repeated-query bench
// The hatchery of an ostrich farm: eggs lie in setters for six weeks, are weighed and candled (lit through, to see the
// air cell) on their way, and the keepers' boards show setter by setter what to turn, what to take out, and what will
// hatch next. The scales at the setters write the weights.
//
// Measured: a setter's board takes 21.5 ms and 162 queries, 911 switches a second; in the twin 7.0 ms and 3 queries, 34
// switches a second. CPU of this process: 7.7 %, in the twin 4.5 %.
'use strict';

const { execFileSync, spawn } = require('child_process');
const express = require('express');
const http = require('http');
const knex = require('knex');

const SETTERS = 8;
const EGGS = 160; // in each setter
const DAYS = 42;

const SCHEMA = [
  'CREATE TABLE setters (id int PRIMARY KEY, name text NOT NULL, celsius real NOT NULL, humidity real NOT NULL)',
  `CREATE TABLE eggs (id int PRIMARY KEY, setter_id int NOT NULL REFERENCES setters, hen text NOT NULL,
     laid date NOT NULL, laid_grams real NOT NULL, grams real NOT NULL)`,
  `CREATE TABLE candlings (id serial PRIMARY KEY, egg_id int NOT NULL REFERENCES eggs, day int NOT NULL,
     air_cell real NOT NULL, veins boolean NOT NULL, note text)`,
  `INSERT INTO setters SELECT n, 'setter ' || n, 36.2 + n * 0.05, 22 + n FROM generate_series(1, ${SETTERS}) n`,
  `INSERT INTO eggs SELECT n, 1 + n % ${SETTERS}, 'hen ' || n % 45, current_date - n % ${DAYS},
     1350 + n * 37 % 300, 1350 + n * 37 % 300 - n % ${DAYS} * 4 FROM generate_series(1, ${SETTERS * EGGS}) n`,
  `INSERT INTO candlings (egg_id, day, air_cell, veins, note) SELECT e, d * 7, 4 + d * 5 + e % 4, (e + d) % 19 > 0,
     CASE WHEN e % 23 = 0 THEN 'rocking' END FROM generate_series(1, ${SETTERS * EGGS}) e, generate_series(1, 5) d`,
  'CREATE INDEX eggs_of_setter ON eggs (setter_id)',
  'CREATE INDEX candlings_of_egg ON candlings (egg_id, day DESC)',
  'ANALYZE',
];

// ---- repositories

class SetterRepository {
  constructor(db) {
    this.db = db;
  }

  find(id) {
    return this.db('setters').where({ id }).first();
  }

  overview() {
    return this.db('setters')
      .leftJoin('eggs', 'eggs.setter_id', 'setters.id')
      .groupBy('setters.id')
      .orderBy('setters.id')
      .select('setters.id', 'setters.name', 'setters.celsius')
      .count('eggs.id as eggs')
      .avg('eggs.grams as grams');
  }
}

class EggRepository {
  constructor(db) {
    this.db = db;
  }

  inSetter(setterId) {
    return this.db('eggs')
      .where({ setter_id: setterId })
      .orderBy('laid')
      .select('id', 'hen', 'laid_grams', 'grams', this.db.raw('current_date - laid AS day'));
  }

  weigh(id, grams) {
    return this.db('eggs').where({ id }).update({ grams });
  }
}

class CandlingRepository {
  constructor(db) {
    this.db = db;
  }

  latestOf(eggId) {
    const { db } = this;
    return db('candlings').where('egg_id', eggId).orderBy('day', 'desc').first('day', 'air_cell', 'note', 'veins'); // <- cost
  }
}

// ---- what the keepers want to know

/** How much an egg has lost, against the 13 in a hundred that it should lose until it hatches. */
function lossOf(egg) {
  const lost = (egg.laid_grams - egg.grams) / egg.laid_grams;
  const expected = (0.13 * egg.day) / DAYS;
  return { lost: Math.round(lost * 1000) / 10, off: Math.round((lost - expected) * 1000) / 10 };
}

function advice(egg, candling) {
  if (!candling) return egg.day > 10 ? 'candle' : 'turn';
  if (!candling.veins) return 'take out';
  if (candling.note === 'rocking' || egg.day > DAYS - 3) return 'to the hatcher';
  return egg.day - candling.day > 14 ? 'candle' : 'turn';
}

class BoardService {
  constructor(db) {
    this.setters = new SetterRepository(db);
    this.eggs = new EggRepository(db);
    this.candlings = new CandlingRepository(db);
  }

  async row(egg) {
    const candling = await this.candlings.latestOf(egg.id);
    return { egg: egg.id, hen: egg.hen, day: egg.day, ...lossOf(egg), candling, advice: advice(egg, candling) };
  }

  async board(setterId) {
    const setter = await this.setters.find(setterId);
    if (!setter) return null;
    const rows = [];
    for (const egg of await this.eggs.inSetter(setterId)) {
      rows.push(await this.row(egg)); // <- cost
    }
    const tasks = {};
    for (const { advice: task } of rows) tasks[task] = (tasks[task] || 0) + 1;
    return { setter: setter.name, celsius: setter.celsius, humidity: setter.humidity, tasks, rows };
  }
}

// ---- the application

const handled = (handler) => (request, response, next) => handler(request, response).catch(next);

function application(service) {
  const app = express();
  app.disable('x-powered-by');
  app.get('/setters', handled(async (request, response) => response.json(await service.setters.overview())));
  app.get('/setters/:id', handled(async (request, response) => {
    const board = await service.board(Number(request.params.id));
    if (!board) return response.status(404).json({ error: 'no such setter' });
    return response.json(board);
  }));
  app.put('/eggs/:id/weight', express.json(), handled(async (request, response) => {
    const grams = Number(request.body.grams);
    if (!(grams > 500 && grams < 2500)) return response.status(422).json({ error: 'that is no ostrich egg' });
    const changed = await service.eggs.weigh(Number(request.params.id), grams);
    return response.status(changed ? 204 : 404).end();
  }));
  app.use((error, request, response, next) => {
    if (response.headersSent) return next(error);
    return response.status(500).json({ error: error.message });
  });
  return app;
}

// ---- boards and scales, in a process of their own

function keepers(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 10 });
  const any = (number) => Math.floor(Math.random() * number);
  const ask = (method, path, value) => {
    if (Object.keys(agent.requests).length) return; // all lines are busy
    const headers = value ? { 'Content-Type': 'application/json' } : {};
    const asked = { port, host: '127.0.0.1', agent, method, path, headers };
    const request = http.request(asked, (response) => response.resume());
    request.on('error', (error) => error.code === 'ECONNREFUSED' && process.exit());
    request.end(value && JSON.stringify(value));
  };
  setInterval(() => ask('GET', `/setters/${1 + any(SETTERS)}`), 180);
  setInterval(() => ask('PUT', `/eggs/${1 + any(SETTERS * EGGS)}/weight`, { grams: 1150 + any(400) }), 250);
  setInterval(() => ask('GET', '/setters'), 1000);
}

function main() {
  const { PYTHON, SERVICES } = process.env;
  const piped = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  const port = Number(execFileSync(PYTHON, [SERVICES, 'postgres', ...SCHEMA], piped));
  const db = knex({
    client: 'pg',
    connection: { host: '127.0.0.1', port, user: 'postgres', database: 'postgres' },
    pool: { min: 2, max: 6 },
  });
  const server = application(new BoardService(db)).listen(0, '127.0.0.1', () => {
    const words = [process.execPath, __filename, String(server.address().port)];
    spawn('sh', ['-c', '"$0" "$1" "$2" >/dev/null 2>&1 &', ...words], { stdio: 'ignore' });
    setTimeout(() => console.log(`ready ${process.pid}`), 2500);
  });
  server.keepAliveTimeout = 60000;
}

if (process.argv[2]) keepers(Number(process.argv[2]));
else main();
