// expect: pattern=repeated-query bench
// Pruning sheets of an arboretum's grafted trees: gardeners' tablets ask for a bed's sheet, which lists each graft with
// its latest girth, and send in new girths while they walk.
// Measured: a sheet of 150 grafts takes 152 statements and 40 ms on a quiet machine, 10 times a second: 23 % of a core
// (twin: 3 statements and 7 ms, 5 % of a core).
'use strict';

const http = require('http');
const { execFileSync, spawnSync } = require('child_process');

if (process.argv[2] === 'tablets') {
  tablets(Number(process.argv[3]));
} else {
  main();
}

function main() {
  const express = require('express');
  const knex = require('knex');

  const port = Number(execFileSync(process.env.PYTHON, [process.env.SERVICES, 'postgres', ...schema()]).toString());
  const db = knex({
    client: 'pg',
    connection: { host: '127.0.0.1', port, user: 'postgres', database: 'postgres' },
    pool: { min: 2, max: 8 },
  });

  const app = express();
  app.use(express.json());

  app.get('/beds', async (req, res, next) => {
    try {
      res.json(await db('beds').select('id', 'name').orderBy('name'));
    } catch (error) {
      next(error);
    }
  });

  app.get('/beds/:bed/sheet', async (req, res, next) => {
    try {
      const bed = await db('beds').where('id', req.params.bed).first();
      if (!bed) return res.status(404).json({ error: 'no such bed' });
      res.json({ bed: bed.name, rows: await pruningSheet(db, bed.id) });
    } catch (error) {
      next(error);
    }
  });

  app.post('/grafts/:graft/girths', async (req, res, next) => {
    try {
      await db('girths').insert({ graft_id: req.params.graft, taken_on: new Date(), mm: req.body.mm });
      res.status(201).json({ recorded: true });
    } catch (error) {
      next(error);
    }
  });

  app.use((error, req, res, next) => {
    res.status(500).json({ error: error.message });
  });

  const server = app.listen(0, '127.0.0.1', () => {
    startTablets(server.address().port);
    setTimeout(() => process.stdout.write('ready\n'), 3000);
  });
}

async function latestGirth(db, graftId) {
  return db('girths')
    .where('graft_id', graftId)
    .orderBy('taken_on', 'desc')
    .first('mm', 'taken_on'); // <- cost
}

async function pruningSheet(db, bedId) {
  const grafts = await db('grafts')
    .join('cultivars', 'cultivars.id', 'grafts.cultivar_id')
    .where('grafts.bed_id', bedId)
    .orderBy('grafts.tag')
    .select('grafts.id', 'grafts.tag', 'grafts.rootstock', 'cultivars.name', 'cultivars.vigour');
  const rows = [];
  for (const graft of grafts) {
    const girth = await latestGirth(db, graft.id); // <- cost
    rows.push({ tag: graft.tag, cultivar: graft.name, cut: cutFor(graft, girth ? girth.mm : 0) });
  }
  return rows;
}

function cutFor(graft, mm) {
  const target = 40 + graft.vigour * 9 - (graft.rootstock === 'M9' ? 14 : 0);
  if (mm > target * 1.25) return 'hard';
  if (mm > target) return 'light';
  return mm === 0 ? 'measure first' : 'leave';
}

function schema() {
  return [
    'create table beds (id int primary key, name text not null)',
    'create table cultivars (id int primary key, name text not null, vigour int not null)',
    `create table grafts (id int primary key, bed_id int not null references beds, tag text not null,
       rootstock text not null, cultivar_id int not null references cultivars)`,
    `create table girths (id bigint generated always as identity primary key, graft_id int not null references grafts,
       taken_on timestamptz not null, mm int not null)`,
    "insert into beds select n, 'Bed ' || chr(64 + n) from generate_series(1, 12) n",
    "insert into cultivars select n, 'Cultivar ' || n, n % 7 from generate_series(1, 60) n",
    `insert into grafts select n, 1 + n % 12, 'G' || lpad(n::text, 5, '0'),
       case when n % 3 = 0 then 'M9' else 'MM106' end, 1 + n % 60 from generate_series(1, 1800) n`,
    `insert into girths (graft_id, taken_on, mm) select 1 + n % 1800, now() - (n / 1800) * interval '90 days', 30 + n % 71
       from generate_series(0, 10799) n`,
    'create index on grafts (bed_id)',
    'create index on girths (graft_id, taken_on desc)',
    'analyze',
  ];
}

function startTablets(port) {
  const words = ['-c', '"$0" "$1" tablets "$2" >/dev/null &', process.execPath, __filename, String(port)];
  spawnSync('sh', words, { stdio: ['ignore', 'ignore', 'inherit'] });
}

function tablets(port) {
  const agent = new http.Agent({ keepAlive: true });
  const ask = (method, path, body) =>
    new Promise((resolve) => {
      const headers = body ? { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) } : {};
      const request = http.request({ host: '127.0.0.1', port, agent, method, path, headers }, (answer) => {
        answer.resume();
        answer.on('end', resolve);
      });
      request.on('error', () => process.exit(0));
      request.end(body);
    });
  const took = [];
  const walk = async (number) => {
    for (let round = number; ; round++) {
      const began = Date.now();
      await ask('GET', `/beds/${1 + (round * 5) % 12}/sheet`);
      took.push(Date.now() - began);
      await ask('POST', `/grafts/${1 + (round * 37) % 1800}/girths`, JSON.stringify({ mm: 40 + (round % 60) }));
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, 500 - (Date.now() - began))));
      if (process.env.ANSWER_TIMES && took.length >= 30) {
        process.stderr.write(`sheet: mean ${took.reduce((a, b) => a + b) / took.length} ms\n`);
      }
      if (took.length >= 30) took.length = 0;
    }
  };
  for (let number = 0; number < 5; number++) setTimeout(walk, number * 100, number);
}
