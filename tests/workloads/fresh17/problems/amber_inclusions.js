// expect: pattern=slow-dependency bench
// The amber cabinets of a palaeontological museum: curators open a cabinet and see which of its inclusions are
// the rarest, by how many pieces of the whole collection hold the same taxon. Express in front, PostgreSQL
// behind.
//
// Measured: 484 ms each for the database (machine busy with others), in the twin 10.7 ms; both open three
// cabinets a second, and take under 4 % of a core themselves.
'use strict';
const http = require('http');
const { execFileSync, fork } = require('child_process');
const express = require('express');
const { Pool } = require('pg');

const DEPOSITS = ['baltic', 'dominican', 'kachin', 'chiapas', 'rovno'];
const CABINETS = 200;
const SETUP = [
  `CREATE TABLE inclusions (id int PRIMARY KEY, deposit text NOT NULL, cabinet int NOT NULL, taxon text NOT NULL,
     length_mm real NOT NULL, clarity smallint NOT NULL)`,
  `INSERT INTO inclusions
     SELECT n, (ARRAY['${DEPOSITS.join("', '")}'])[1 + n % 5], n / 5 % ${CABINETS},
       (ARRAY['Diptera', 'Araneae', 'Hymenoptera', 'Coleoptera', 'Psocodea'])[1 + n % 5] || ' sp. '
         || floor(power(random(), 1.6) * 500)::int,
       0.4 + random() * 9, 1 + n % 5
     FROM generate_series(1, 40000) n`,
  'CREATE INDEX ON inclusions (deposit, cabinet)',
  'ANALYZE inclusions',
];

const RAREST = `
  SELECT i.id, i.taxon, i.length_mm, i.clarity,
         (SELECT count(*) FROM inclusions other WHERE other.taxon = i.taxon)::int AS known
    FROM inclusions i
   WHERE i.deposit = $1 AND i.cabinet = $2
   ORDER BY known, i.clarity DESC, i.id
   LIMIT 15`;

class Collection {
  constructor(pool) {
    this.pool = pool;
  }

  // Runs one statement under its name, so that it is planned once for each connection.
  async select(name, text, values) {
    const { rows } = await this.pool.query({ name, text, values });
    return rows;
  }

  rarest(deposit, cabinet) {
    return this.select('rarest', RAREST, [deposit, cabinet]); // <- cost
  }

  async piece(id) {
    const [piece] = await this.select('piece', 'SELECT * FROM inclusions WHERE id = $1', [id]);
    return piece;
  }
}

class CuratorService {
  constructor(collection) {
    this.collection = collection;
    this.opened = 0;
    this.waited = 0;
  }

  grade({ known, clarity }) {
    if (known <= 20) return clarity >= 4 ? 'type series' : 'reserve';
    return known <= 60 ? 'study' : 'teaching';
  }

  async cabinet(deposit, number) {
    const started = process.hrtime.bigint();
    const rarest = await this.collection.rarest(deposit, number);
    this.waited += Number(process.hrtime.bigint() - started) / 1e6;
    this.opened += 1;
    return {
      deposit,
      cabinet: number,
      inclusions: rarest.map((piece) => ({
        id: piece.id,
        taxon: piece.taxon,
        length: Math.round(piece.length_mm * 10) / 10,
        known: piece.known,
        grade: this.grade(piece),
      })),
    };
  }
}

const wrap = (handler) => (req, res, next) => handler(req, res).catch(next);

function checkedCabinet(req, res, next) {
  const number = Number(req.params.number);
  if (!DEPOSITS.includes(req.params.deposit) || !Number.isInteger(number) || number < 0 || number >= CABINETS) {
    return res.status(404).json({ error: 'no such cabinet' });
  }
  req.cabinet = { deposit: req.params.deposit, number };
  return next();
}

function cabinetRouter(service) {
  const router = express.Router();
  router.get('/:deposit/:number', checkedCabinet, wrap(async (req, res) => {
    const { deposit, number } = req.cabinet;
    res.set('Cache-Control', 'private, max-age=30').json(await service.cabinet(deposit, number));
  }));
  return router;
}

function pieceRouter(collection) {
  const router = express.Router();
  router.get('/:id(\\d+)', wrap(async (req, res) => {
    const piece = await collection.piece(Number(req.params.id));
    if (!piece) return res.status(404).json({ error: 'no such piece' });
    return res.json(piece);
  }));
  return router;
}

function build(collection, service) {
  const app = express();
  app.disable('x-powered-by');
  app.use('/cabinets', cabinetRouter(service));
  app.use('/pieces', pieceRouter(collection));
  app.use((error, req, res, next) => { // eslint-disable-line no-unused-vars
    console.error(error.message);
    res.status(500).json({ error: 'internal' });
  });
  return app;
}

// The curators, in a process of their own: three cabinets a second, and now and then a single piece.
function curators(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 6 });
  let open = 0;
  const ask = (path) => {
    if (open >= 5) return;
    open += 1;
    const asked = http.get({ host: '127.0.0.1', port, agent, path }, (answer) => {
      answer.resume();
      answer.on('close', () => { open -= 1; });
    });
    asked.on('error', () => process.exit());
  };
  const any = (number) => Math.floor(Math.random() * number);
  process.on('disconnect', () => process.exit());
  setInterval(() => ask(`/cabinets/${DEPOSITS[any(5)]}/${any(CABINETS)}`), 330);
  setInterval(() => ask(`/pieces/${1 + any(40000)}`), 2000);
}

async function main() {
  const port = Number(execFileSync(process.env.PYTHON, [process.env.SERVICES, 'postgres', ...SETUP]));
  const pool = new Pool({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', max: 6 });
  const collection = new Collection(pool);
  const service = new CuratorService(collection);
  const server = build(collection, service).listen(0, '127.0.0.1', () => {
    const env = { ...process.env, CURATORS_OF: String(server.address().port) };
    fork(__filename, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    console.log(`ready ${process.pid}`);
  });
  setInterval(() => {
    const each = service.waited / service.opened;
    console.error(`${service.opened} cabinets, ${each.toFixed(1)} ms each for the database`);
  }, 8000);
}

if (process.env.CURATORS_OF) curators(Number(process.env.CURATORS_OF));
else main();
