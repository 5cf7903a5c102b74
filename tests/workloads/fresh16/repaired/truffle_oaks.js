// expect: healthy bench
// Logbook of truffle orchards: the dog handlers note each find at its oak, and the growers look at a plot, oak by oak:
// what was dug this season, how ripe it was, and which oaks have begun to bear.
//
// Measured: in 60 s on a busy machine 1554 answers in 28 ms each, 4.1 s of CPU; the twin 1553 in 12 ms, 2.5 s.
'use strict';

const { execFileSync, fork } = require('child_process');
const fs = require('fs');
const http = require('http');
const { Pool } = require('pg');

const PLOTS = 30;
const OAKS = 40;

const SCHEMA = [
  `CREATE TABLE oaks (id int PRIMARY KEY, plot int NOT NULL, line int NOT NULL, species text NOT NULL,
     planted int NOT NULL)`,
  `CREATE TABLE finds (id serial PRIMARY KEY, oak_id int NOT NULL REFERENCES oaks,
     dug timestamptz NOT NULL DEFAULT now(), grams int NOT NULL, ripe int NOT NULL, dog text NOT NULL)`,
  `INSERT INTO oaks SELECT n, 1 + n / ${OAKS}, n % ${OAKS} / 8, (ARRAY['ilex', 'pubescens', 'robur'])[1 + n % 3],
     1998 + n % 20 FROM generate_series(0, ${PLOTS * OAKS - 1}) n`,
  `INSERT INTO finds (oak_id, dug, grams, ripe, dog) SELECT o, now() - k * interval '9 days', 8 + (o * 13 + k * 7) % 90,
     1 + (o + k) % 5, 'dog ' || o % 7 FROM generate_series(0, ${PLOTS * OAKS - 1}) o, generate_series(1, 10) k`,
  'CREATE INDEX oaks_of_plot ON oaks (plot, id)',
  'CREATE INDEX finds_of_oak ON finds (oak_id, dug)',
  'ANALYZE',
];

// ---- the database

class Database {
  constructor(options) {
    this.pool = new Pool({ ...options, max: 8 });
    this.pool.on('error', (error) => console.error('idle connection:', error.message));
  }

  async rows(text, values) {
    const { rows } = await this.pool.query(text, values);
    return rows;
  }
}

// ---- repositories

class PlotRepository {
  constructor(database) {
    this.database = database;
  }

  oaks(plot) {
    return this.database.rows(
      `SELECT o.id, o.line, o.species, o.planted, count(f.id)::int AS finds, coalesce(sum(f.grams), 0)::int AS grams,
         round(avg(f.ripe), 1)::float AS ripe
       FROM oaks o LEFT JOIN finds f ON f.oak_id = o.id AND f.dug > now() - interval '60 days'
       WHERE o.plot = $1 GROUP BY o.id ORDER BY o.id`,
      [plot],
    );
  }
}

class FindRepository {
  constructor(database) {
    this.database = database;
  }

  async add({ oak, grams, ripe, dog }) {
    const [row] = await this.database.rows(
      'INSERT INTO finds (oak_id, grams, ripe, dog) VALUES ($1, $2, $3, $4) RETURNING id, dug',
      [oak, grams, ripe, dog],
    );
    return row;
  }
}

// ---- service

class OrchardService {
  constructor(plots, finds) {
    this.plots = plots;
    this.finds = finds;
  }

  async plot(number) {
    const oaks = await this.plots.oaks(number);
    const grams = oaks.reduce((sum, oak) => sum + oak.grams, 0);
    const bearing = oaks.filter((oak) => oak.finds > 0).length;
    const best = oaks.reduce((first, oak) => (oak.grams > first.grams ? oak : first), oaks[0]);
    return { plot: number, grams, bearing, best: best && best.id, oaks };
  }

  note(find) {
    if (!(find.grams > 0 && find.grams < 1500)) throw new RangeError('a truffle weighs 1 to 1500 grams');
    if (!(find.ripe >= 1 && find.ripe <= 5)) throw new RangeError('ripeness goes from 1 to 5');
    return this.finds.add(find);
  }
}

// ---- application

const handled = (handler) => async (request, response, next) => {
  try {
    await handler(request, response);
  } catch (error) {
    next(error);
  }
};

function application(orchard) {
  const express = require('express');
  const app = express();
  app.disable('x-powered-by');

  const plots = express.Router();
  plots.get('/:plot', handled(async (request, response) => {
    const number = Number(request.params.plot);
    if (!(number >= 1 && number <= PLOTS)) return response.status(404).json({ error: 'no such plot' });
    return response.json(await orchard.plot(number));
  }));

  const finds = express.Router();
  finds.post('/', express.json(), handled(async (request, response) => {
    response.status(201).json(await orchard.note(request.body));
  }));

  app.use('/plots', plots);
  app.use('/finds', finds);
  app.use((error, request, response, next) => {
    if (response.headersSent) return next(error);
    if (error instanceof RangeError) return response.status(422).json({ error: error.message });
    console.error(error.message);
    return response.status(500).json({ error: 'internal' });
  });
  return app;
}

// ---- growers and dog handlers, in a process of their own

function growers(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 20 });
  const sums = { answered: 0, waited: 0, open: 0 };
  const ask = (method, path, body) => {
    if (sums.open >= 20) return;
    sums.open++;
    const from = performance.now();
    const headers = body ? { 'Content-Type': 'application/json' } : {};
    const request = http.request({ host: '127.0.0.1', port, agent, method, path, headers }, (response) => {
      response.resume().on('end', () => {
        sums.open--;
        sums.answered++;
        sums.waited += performance.now() - from;
      });
    });
    request.on('error', () => sums.open--);
    request.end(body && JSON.stringify(body));
  };
  const any = (number) => Math.floor(Math.random() * number);
  setInterval(() => ask('GET', `/plots/${1 + any(PLOTS)}`), 45);
  setInterval(() => {
    const find = { oak: any(PLOTS * OAKS), grams: 5 + any(120), ripe: 1 + any(5), dog: `dog ${any(7)}` };
    ask('POST', '/finds', find);
  }, 150);
  if (process.env.REPORT) {
    setInterval(() => {
      console.error(`${sums.answered} answered, ${(sums.waited / sums.answered).toFixed(1)} ms each`);
    }, 5000);
  }
  process.on('disconnect', () => process.exit(0));
  setTimeout(() => process.send('running'), 200);
}

function main() {
  const { PYTHON, SERVICES } = process.env;
  const piped = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  fs.chmodSync('.', 0o777); // PostgreSQL runs as a user of its own
  const port = Number(execFileSync(PYTHON, [SERVICES, 'postgres', ...SCHEMA], piped));
  const database = new Database({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
  const app = application(new OrchardService(new PlotRepository(database), new FindRepository(database)));
  const server = app.listen(0, '127.0.0.1', () => {
    const load = fork(__filename, { env: { ...process.env, LOAD_PORT: String(server.address().port) } });
    load.once('message', () => console.log(`ready ${process.pid}`));
  });
  server.keepAliveTimeout = 65000;
}

if (process.env.LOAD_PORT) growers(Number(process.env.LOAD_PORT));
else main();
