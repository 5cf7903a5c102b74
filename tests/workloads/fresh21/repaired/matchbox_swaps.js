// expect: healthy bench
// The swap office of matchbox-label collectors: a collector opens an album and is shown its duplicates, each with its
// maker, what others have offered for it, and the value of the album; offers come in from other collectors.
//
// Measured: an album takes 43 ms (202 queries), in the twin 8 ms (four queries); 9 albums a second in both.
// CPU 15 % of a core, in the twin 6.4 %.
'use strict';

const { execFileSync } = require('child_process');
const fs = require('fs');
const http = require('http');

const ALBUMS = 120;
const SHOWN = 100;
const LABELS = 6000;
const MAKERS = 80;

const SCHEMA = [
  'CREATE TABLE makers (id int PRIMARY KEY, name text NOT NULL, town text NOT NULL, closed int)',
  'CREATE TABLE labels (id int PRIMARY KEY, maker_id int NOT NULL, motif text NOT NULL, printed int NOT NULL)',
  `CREATE TABLE albums (id int PRIMARY KEY, owner text NOT NULL, town text NOT NULL)`,
  `CREATE TABLE duplicates (album_id int NOT NULL, label_id int NOT NULL, grade int NOT NULL, pieces int NOT NULL,
     PRIMARY KEY (album_id, label_id))`,
  `CREATE TABLE offers (id bigserial PRIMARY KEY, label_id int NOT NULL, by_album int NOT NULL, pence int NOT NULL,
     made timestamptz NOT NULL)`,
  `INSERT INTO makers SELECT n, 'matchworks ' || n, 'town ' || n % 31, 1900 + n FROM generate_series(1, ${MAKERS}) n`,
  `INSERT INTO labels SELECT n, 1 + n * 37 % ${MAKERS}, 'motif ' || n % 613, 1860 + n % 110
     FROM generate_series(1, ${LABELS}) n`,
  `INSERT INTO albums SELECT n, 'collector ' || n, 'town ' || n % 31 FROM generate_series(1, ${ALBUMS}) n`,
  `INSERT INTO duplicates SELECT a, 1 + (a * 47 + k * 131) % ${LABELS}, 1 + (a + k) % 5, 1 + k % 4
     FROM generate_series(1, ${ALBUMS}) a, generate_series(1, ${SHOWN}) k`,
  `INSERT INTO offers (label_id, by_album, pence, made) SELECT 1 + n % ${LABELS}, 1 + n * 7 % ${ALBUMS},
     20 + n * 31 % 900, now() - n * interval '1 minute' FROM generate_series(1, 30000) n`,
  'CREATE INDEX offers_of_label ON offers (label_id, pence DESC)',
  'ANALYZE',
];

// ---- repositories

class AlbumRepository {
  constructor(db) {
    this.db = db;
  }

  async find(id) {
    return this.db('albums').where({ id }).first('id', 'owner', 'town');
  }

  async duplicates(albumId) {
    return this.db('duplicates as d')
      .join('labels as l', 'l.id', 'd.label_id')
      .where('d.album_id', albumId)
      .orderBy('l.printed')
      .limit(SHOWN)
      .select('l.id', 'l.motif', 'l.printed', 'l.maker_id', 'd.grade', 'd.pieces');
  }

  async towns() {
    return this.db('albums').select('town').count('* as albums').groupBy('town').orderBy('albums', 'desc').limit(10);
  }
}

class MakerRepository {
  constructor(db) {
    this.db = db;
  }

  async all(ids) {
    const rows = await this.db('makers').whereIn('id', ids).select('id', 'name', 'town');
    return new Map(rows.map((maker) => [maker.id, maker]));
  }
}

class OfferRepository {
  constructor(db) {
    this.db = db;
  }

  async best(labelIds) {
    const rows = await this.db('offers')
      .distinctOn('label_id')
      .whereIn('label_id', labelIds)
      .orderBy([{ column: 'label_id' }, { column: 'pence', order: 'desc' }])
      .select('label_id', 'pence', 'by_album as by');
    return new Map(rows.map(({ label_id: id, ...offer }) => [id, offer]));
  }

  async make(labelId, album, pence) {
    const offer = { label_id: labelId, by_album: album, pence, made: new Date() };
    const [made] = await this.db('offers').insert(offer, 'id');
    return made.id;
  }
}

// ---- what an album is worth

const GRADES = [1.6, 1.2, 1, 0.6, 0.25];

function guidePrice({ printed, grade }) {
  const age = Math.max(0, 1970 - printed);
  return Math.round((15 + age * 1.4) * GRADES[grade - 1]);
}

function priced({ maker_id: _, ...label }, maker, offer) {
  const guide = guidePrice(label);
  const swap = Boolean(offer && offer.pence >= guide);
  return { ...label, maker: maker.name, town: maker.town, guide, offer: offer || null, swap };
}

class SwapOffice {
  constructor(albums, makers, offers) {
    this.albums = albums;
    this.makers = makers;
    this.offers = offers;
  }

  async album(id) {
    const album = await this.albums.find(id);
    if (!album) throw Object.assign(new Error(`no album ${id}`), { status: 404 });
    const duplicates = await this.albums.duplicates(album.id);
    const makers = await this.makers.all([...new Set(duplicates.map((label) => label.maker_id))]);
    const best = await this.offers.best(duplicates.map((label) => label.id));
    const labels = duplicates.map((label) => priced(label, makers.get(label.maker_id), best.get(label.id)));
    const value = labels.reduce((sum, label) => sum + label.pieces * Math.max(label.guide, label.offer?.pence || 0), 0);
    return { ...album, value, labels };
  }

  async offer(labelId, { album, pence }) {
    if (!(pence > 0 && pence < 100000)) throw Object.assign(new Error('how many pence?'), { status: 422 });
    return { id: await this.offers.make(labelId, album, pence) };
  }
}

// ---- the application

const handled = (handler) => (request, response, next) => handler(request, response, next).catch(next);

function application(office, sums) {
  const express = require('express');
  const app = express();
  app.disable('x-powered-by');
  app.get('/albums/:id', handled(async (request, response) => {
    const from = performance.now();
    response.json(await office.album(Number(request.params.id)));
    sums.albums++;
    sums.spent += performance.now() - from;
  }));
  app.get('/towns', handled(async (request, response) => {
    response.json(await office.albums.towns());
  }));
  app.post('/labels/:id/offers', express.json(), handled(async (request, response) => {
    response.status(201).json(await office.offer(Number(request.params.id), request.body));
  }));
  app.use((error, request, response, next) => {
    if (response.headersSent) return next(error);
    return response.status(error.status || 500).json({ error: error.status ? error.message : 'internal' });
  });
  return app;
}

// ---- collectors, in a process of their own

function collectors(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 20 });
  const any = (number) => Math.floor(Math.random() * number);
  let open = 0;
  let failed = 0;
  const ask = (method, path, body) => {
    if (open >= 20) return;
    open++;
    const headers = body ? { 'Content-Type': 'application/json' } : {};
    const request = http.request({ host: '127.0.0.1', port, agent, method, path, headers }, (response) => {
      failed = 0;
      response.resume().on('end', () => open--);
    });
    request.on('error', () => {
      open--;
      if (++failed > 50) process.exit(1);
    });
    request.end(body && JSON.stringify(body));
  };
  setInterval(() => ask('GET', `/albums/${1 + any(ALBUMS)}`), 110);
  setInterval(() => ask('GET', '/towns'), 500);
  setInterval(() => {
    ask('POST', `/labels/${1 + any(LABELS)}/offers`, { album: 1 + any(ALBUMS), pence: 10 + any(500) });
  }, 300);
}

async function main() {
  const { PYTHON, SERVICES } = process.env;
  const piped = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  fs.chmodSync('.', 0o777); // PostgreSQL runs as a user of its own
  const port = Number(execFileSync(PYTHON, [SERVICES, 'postgres', ...SCHEMA], piped));
  const db = require('knex')({
    client: 'pg',
    connection: { host: '127.0.0.1', port, user: 'postgres', database: 'postgres' },
    pool: { min: 2, max: 8 },
  });
  const sums = { albums: 0, spent: 0 };
  const office = new SwapOffice(new AlbumRepository(db), new MakerRepository(db), new OfferRepository(db));
  const server = application(office, sums).listen(0, '127.0.0.1', () => {
    const env = { ...process.env, COLLECTORS_PORT: String(server.address().port) };
    const detached = '"$0" "$1" </dev/null >/dev/null 2>&1 &';
    execFileSync('sh', ['-c', detached, process.execPath, __filename], { env, stdio: 'ignore' });
    setTimeout(() => console.log(`ready ${process.pid}`), 2500);
  });
  server.keepAliveTimeout = 65000;
  if (process.env.REPORT) {
    setInterval(() => console.error(`${sums.albums} albums in ${(sums.spent / sums.albums).toFixed(1)} ms each`), 5000);
  }
}

if (process.env.COLLECTORS_PORT) collectors(Number(process.env.COLLECTORS_PORT));
else main();
