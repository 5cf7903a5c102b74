// bench: healthy
// Sheep on a salt marsh wear collars: shepherds ask where a flock is before the tide comes, all within a moment once the
// warning goes out (a burst each quarter of a second); the base station sends the collars' positions in batches.
// Measured: about 10 % of a core, one statement for each of 100 requests a second.
'use strict';

const http = require('http');
const { execFileSync, spawnSync } = require('child_process');

const FLOCKS = 24;
const COLLARS = 40;

const WHERE = {
  name: 'where-is-flock',
  text: `select c.id, c.ear_tag, p.east, p.north, p.at
         from collars c join positions p on p.collar = c.id
         where c.flock = $1 and p.north < $2 order by p.north limit 12`,
};

const MOVE = {
  name: 'move-collars',
  text: `update positions p set east = n.east, north = n.north, at = now()
         from unnest($1::int[], $2::float8[], $3::float8[]) as n (collar, east, north) where p.collar = n.collar`,
};

function main() {
  const express = require('express');
  const { Pool } = require('pg');

  const port = Number(execFileSync(process.env.PYTHON, [process.env.SERVICES, 'postgres', ...schema()]).toString());
  const pool = new Pool({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', max: 6 });
  pool.on('error', () => process.exit(1));

  const app = express();
  app.use(express.json({ limit: '64kb' }));

  let tide = { height: 2.1, rising: true };
  setInterval(() => {
    const next = tide.height + (tide.rising ? 0.05 : -0.05);
    tide = { height: next, rising: tide.rising ? next < 5.5 : next < 1.5 };
  }, 1000);

  const handle = (work) => (req, res, next) => work(req, res).catch(next);

  app.get('/tide', (req, res) => res.json(tide));

  app.get('/flocks/:flock/low', handle(async (req, res) => {
    const flock = Number(req.params.flock);
    if (!(flock >= 0 && flock < FLOCKS)) return res.status(404).json({ error: 'no such flock' });
    const { rows } = await pool.query({ ...WHERE, values: [flock, 200 + tide.height * 100] });
    return res.json({
      flock,
      tide: tide.height,
      sheep: rows.map((row) => ({ tag: row.ear_tag, metres: Math.round(row.north - tide.height * 40) })),
    });
  }));

  app.post('/positions', handle(async (req, res) => {
    const { collars, east, north } = req.body;
    const { rowCount } = await pool.query({ ...MOVE, values: [collars, east, north] });
    res.status(202).json({ moved: rowCount });
  }));

  app.use((error, req, res, next) => {
    if (res.headersSent) return next(error);
    return res.status(500).json({ error: error.message });
  });

  const server = app.listen(0, '127.0.0.1', () => {
    startVisitors(server.address().port);
    setTimeout(() => process.stdout.write('ready\n'), 3000);
  });
}

function schema() {
  return [
    'create table collars (id int primary key, flock int not null, ear_tag text not null)',
    `create table positions (collar int primary key references collars, east float8 not null, north float8 not null,
       at timestamptz not null default now()) with (fillfactor = 50)`,
    `insert into collars select n, n % ${FLOCKS}, 'UK' || (100000 + n) from generate_series(0, ${FLOCKS * COLLARS - 1}) n`,
    'insert into positions select id, id * 7 % 2000, id * 13 % 900 from collars',
    'create index on collars (flock)',
    'analyze',
  ];
}

function startVisitors(port) {
  const words = ['-c', '"$0" "$1" visitors "$2" >/dev/null 2>&1 &', process.execPath, __filename, String(port)];
  spawnSync('sh', words, { stdio: 'ignore' });
}

function visitors(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 24 });
  const ask = (method, path, body) => {
    const headers = body ? { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) } : {};
    const request = http.request({ host: '127.0.0.1', port, agent, method, path, headers }, (answer) => answer.resume());
    request.on('error', () => process.exit(0));
    request.end(body);
  };
  let round = 0;
  setInterval(() => {
    round++;
    for (let n = 0; n < 24; n++) ask('GET', `/flocks/${(round * 5 + n) % FLOCKS}/low`);
    ask('GET', '/tide');
  }, 250);
  setInterval(() => {
    const collars = Array.from({ length: 60 }, (_, n) => (round * 60 + n * 7) % (FLOCKS * COLLARS));
    const body = {
      collars,
      east: collars.map((collar) => (collar * 7 + round) % 2000),
      north: collars.map((collar) => (collar * 13 + round * 3) % 900),
    };
    ask('POST', '/positions', JSON.stringify(body));
  }, 300);
}

if (process.argv[2] === 'visitors') {
  visitors(Number(process.argv[3]));
} else {
  main();
}
