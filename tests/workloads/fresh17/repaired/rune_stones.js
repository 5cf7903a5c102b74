// expect: healthy bench
// An index of rune stones: museums send their catalogues as documents, and readers ask which stones of a parish
// carry a word. The catalogues are kept as snapshots, of which nobody may change what another reads; curators
// revise a stone now and then.
//
// Measured: 234 questions in 8 s and 2.1 s of CPU in 9.7 s, of it two thirds in the parsing; the twin answers 240
// in 8 s with 0.54 s of CPU (start included).
'use strict';
const http = require('http');
const { fork } = require('child_process');
const express = require('express');

const MUSEUMS = ['uppland', 'gotland', 'jelling'];
const PARISHES = 70;
const WORDS = ['raised', 'stone', 'father', 'bridge', 'soul', 'abroad', 'brother', 'carved', 'good', 'ship', 'god'];

// Freezes what is new of a document: a revision shares all that it did not change with the one before.
function frozen(value) {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.values(value).forEach(frozen);
  return Object.freeze(value);
}

// Documents by name, frozen: whoever opens one may read it only.
class SnapshotStore {
  constructor() {
    this.snapshots = new Map();
  }

  put(name, document) {
    const revision = (this.snapshots.get(name)?.revision ?? 0) + 1;
    this.snapshots.set(name, { revision, document: frozen(document) });
    return revision;
  }

  open(name) {
    return this.snapshots.get(name);
  }
}

function catalogueOf(museum, seed) {
  let state = seed;
  const next = (bound) => {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    return state % bound;
  };
  const parishes = {};
  for (let p = 0; p < PARISHES; p += 1) {
    parishes[`parish-${p}`] = Array.from({ length: 60 }, (_, s) => ({
      signum: `${museum[0].toUpperCase()} ${p * 60 + s}`,
      style: `Pr${1 + next(5)}`,
      found: { year: 1599 + next(400), lat: 55 + next(90000) / 1e4, lon: 9 + next(90000) / 1e4 },
      material: ['granite', 'sandstone', 'gneiss'][next(3)],
      words: Array.from({ length: 5 + next(6) }, () => WORDS[next(WORDS.length)]),
      lost: next(9) === 0,
    }));
  }
  return { museum, licence: 'CC BY', parishes };
}

class RuneIndex {
  constructor(store) {
    this.store = store;
    this.answered = 0;
  }

  catalogue(museum) {
    return this.store.open(museum);
  }

  stonesWith({ document }, parish, word) {
    const stones = document.parishes[parish];
    if (!stones) return null;
    const found = stones.filter((stone) => !stone.lost && stone.words.includes(word));
    return found.map(({ signum, style, material, found: place }) => ({ signum, style, material, year: place.year }));
  }

  revise(museum, parish, at, change) {
    const { document } = this.catalogue(museum);
    const stones = document.parishes[parish].slice();
    stones[at] = { ...stones[at], ...change };
    return this.store.put(museum, { ...document, parishes: { ...document.parishes, [parish]: stones } });
  }
}

function withCatalogue(index) {
  return (req, res, next) => {
    req.catalogue = index.catalogue(req.params.museum);
    if (!req.catalogue) return res.status(404).json({ error: 'no such museum' });
    res.set('X-Revision', String(req.catalogue.revision));
    return next();
  };
}

function museumRouter(index) {
  const router = express.Router();
  router.get('/:museum/parishes/:parish/stones', withCatalogue(index), (req, res) => {
    const stones = index.stonesWith(req.catalogue, req.params.parish, String(req.query.word ?? ''));
    if (!stones) return res.status(404).json({ error: 'no such parish' });
    index.answered += 1;
    return res.json({ parish: req.params.parish, count: stones.length, stones });
  });
  router.patch('/:museum/parishes/:parish/stones/:at(\\d+)', express.json({ limit: '4kb' }), (req, res) => {
    const { museum, parish, at } = req.params;
    if (!MUSEUMS.includes(museum)) return res.status(404).json({ error: 'no such museum' });
    const { style, lost } = req.body;
    return res.json({ revision: index.revise(museum, parish, Number(at), { style, lost: Boolean(lost) }) });
  });
  return router;
}

function build(index) {
  const app = express();
  app.disable('x-powered-by');
  app.use('/museums', museumRouter(index));
  app.use((error, req, res, next) => { // eslint-disable-line no-unused-vars
    console.error(error.message);
    res.status(500).json({ error: 'internal' });
  });
  return app;
}

// The readers and a curator, in a process of their own: 40 questions a second, a revision every five seconds.
function readers(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 6 });
  let open = 0;
  const any = (number) => Math.floor(Math.random() * number);
  const ask = (method, path, body) => {
    if (open >= 6) return;
    open += 1;
    const headers = body ? { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) } : {};
    const asked = http.request({ host: '127.0.0.1', port, agent, method, path, headers }, (answer) => {
      answer.resume();
      answer.on('close', () => { open -= 1; });
    });
    asked.on('error', () => process.exit());
    asked.end(body);
  };
  const parish = () => `/museums/${MUSEUMS[any(3)]}/parishes/parish-${any(PARISHES)}/stones`;
  process.on('disconnect', () => process.exit());
  setInterval(() => ask('GET', `${parish()}?word=${WORDS[any(WORDS.length)]}`), 25);
  setInterval(() => ask('PATCH', `${parish()}/${any(60)}`, JSON.stringify({ style: `Pr${1 + any(5)}` })), 5000);
}

function main() {
  const store = new SnapshotStore();
  MUSEUMS.forEach((museum, number) => store.put(museum, catalogueOf(museum, 7919 * (number + 1))));
  const index = new RuneIndex(store);
  const server = build(index).listen(0, '127.0.0.1', () => {
    const env = { ...process.env, READERS_OF: String(server.address().port) };
    fork(__filename, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    console.log(`ready ${process.pid}`);
  });
  setInterval(() => console.error(`${index.answered} questions answered`), 8000);
}

if (process.env.READERS_OF) readers(Number(process.env.READERS_OF));
else main();
