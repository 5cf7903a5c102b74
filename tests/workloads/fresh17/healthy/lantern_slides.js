// expect: healthy bench
// A library of magic lantern slides lends programmes to lanternists: a programme is a row of slides with their
// plates, which are read in one go, and a loan is written in a transaction that locks its programme. Fastify and
// pg; what the programmes say is kept in a bounded cache, until a slide of theirs is mended.
//
// Measured: 40 programmes a second with 9 % of a core; the cache fills up to 150 programmes, 82 MB.
'use strict';
const http = require('http');
const { execFileSync, fork } = require('child_process');
const Fastify = require('fastify');
const { Pool } = require('pg');

const PROGRAMMES = 400;
const SETUP = [
  'CREATE TABLE programmes (id int PRIMARY KEY, title text NOT NULL, lent int NOT NULL DEFAULT 0)',
  'CREATE TABLE slides (id int PRIMARY KEY, programme_id int NOT NULL REFERENCES programmes, place int NOT NULL,' +
    ' motif text NOT NULL, cracked boolean NOT NULL DEFAULT false)',
  'CREATE TABLE plates (id serial PRIMARY KEY, slide_id int NOT NULL REFERENCES slides, colour text NOT NULL)',
  'CREATE TABLE loans (id bigserial PRIMARY KEY, programme_id int NOT NULL, lanternist text NOT NULL, at timestamptz)',
  `INSERT INTO programmes SELECT n, 'Evening ' || n FROM generate_series(1, ${PROGRAMMES}) n`,
  `INSERT INTO slides SELECT n, 1 + n % ${PROGRAMMES}, n / ${PROGRAMMES}, 'motif ' || md5(n::text)
     FROM generate_series(1, 10000) n`,
  `INSERT INTO plates (slide_id, colour) SELECT n, (ARRAY['rose', 'amber', 'ultramarine'])[layer]
     FROM generate_series(1, 10000) n, generate_series(1, 3) layer`,
  'CREATE INDEX ON slides (programme_id, place)',
  'CREATE INDEX ON plates (slide_id)',
  'ANALYZE',
];

// Keeps the most recently used, up to a bound.
class BoundedCache {
  constructor(bound) {
    this.bound = bound;
    this.kept = new Map();
  }

  get(key) {
    const value = this.kept.get(key);
    if (value !== undefined) {
      this.kept.delete(key);
      this.kept.set(key, value);
    }
    return value;
  }

  set(key, value) {
    this.kept.set(key, value);
    if (this.kept.size > this.bound) this.kept.delete(this.kept.keys().next().value);
  }

  drop(key) {
    this.kept.delete(key);
  }
}

class SlideRepository {
  constructor(pool) {
    this.pool = pool;
  }

  async programme(id) {
    const { rows } = await this.pool.query({
      name: 'programme', text: 'SELECT id, title FROM programmes WHERE id = $1', values: [id],
    });
    return rows[0];
  }

  async slides(programmeId) {
    const { rows } = await this.pool.query({
      name: 'slides',
      text: `SELECT s.id, s.motif, s.cracked, array_agg(p.colour ORDER BY p.id) AS colours
               FROM slides s JOIN plates p ON p.slide_id = s.id
              WHERE s.programme_id = $1 GROUP BY s.id ORDER BY s.place`,
      values: [programmeId],
    });
    return rows;
  }

  async mend(slideId) {
    const { rows } = await this.pool.query({
      name: 'mend',
      text: 'UPDATE slides SET cracked = NOT cracked WHERE id = $1 RETURNING programme_id',
      values: [slideId],
    });
    return rows[0]?.programme_id;
  }

  async lend(programmeId, lanternist) {
    const client = await this.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query({
        name: 'lent', text: 'UPDATE programmes SET lent = lent + 1 WHERE id = $1', values: [programmeId],
      });
      const { rows } = await client.query({
        name: 'loan',
        text: 'INSERT INTO loans (programme_id, lanternist, at) VALUES ($1, $2, now()) RETURNING id',
        values: [programmeId, lanternist],
      });
      await client.query('COMMIT');
      return rows[0].id;
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  }
}

class Library {
  constructor(repository) {
    this.repository = repository;
    this.cache = new BoundedCache(150);
    this.counts = { shown: 0, kept: 0, lent: 0 };
  }

  async show(id) {
    this.counts.shown += 1;
    const known = this.cache.get(id);
    if (known) {
      this.counts.kept += 1;
      return known;
    }
    const [programme, slides] = await Promise.all([this.repository.programme(id), this.repository.slides(id)]);
    if (!programme) return null;
    const shown = { title: programme.title, cracked: slides.filter((slide) => slide.cracked).length, slides };
    this.cache.set(id, shown);
    return shown;
  }

  async mend(slideId) {
    const programmeId = await this.repository.mend(slideId);
    if (programmeId !== undefined) this.cache.drop(programmeId);
    return programmeId !== undefined;
  }

  async lend(programmeId, lanternist) {
    const loan = await this.repository.lend(programmeId, lanternist);
    this.counts.lent += 1;
    return loan;
  }
}

const slide = {
  type: 'object',
  properties: {
    id: { type: 'integer' },
    motif: { type: 'string' },
    cracked: { type: 'boolean' },
    colours: { type: 'array', items: { type: 'string' } },
  },
};
const shownSchema = {
  type: 'object',
  properties: { title: { type: 'string' }, cracked: { type: 'integer' }, slides: { type: 'array', items: slide } },
};
const params = { type: 'object', properties: { id: { type: 'integer' } } };
const loanBody = { type: 'object', required: ['lanternist'], properties: { lanternist: { type: 'string' } } };

async function libraryRoutes(app, { library }) {
  app.get('/programmes/:id', { schema: { params, response: { 200: shownSchema } } }, async (request, reply) => {
    return (await library.show(request.params.id)) ?? reply.code(404).send({ error: 'no such programme' });
  });
  app.post('/programmes/:id/loans', { schema: { params, body: loanBody } }, async (request, reply) => {
    const loan = await library.lend(request.params.id, request.body.lanternist);
    return reply.code(201).send({ loan });
  });
  app.post('/slides/:id/mending', { schema: { params } }, async (request, reply) => {
    const mended = await library.mend(request.params.id);
    return mended ? { mended } : reply.code(404).send({ error: 'no such slide' });
  });
}

// The lanternists, in a process of their own: 40 programmes, three loans and two mendings a second.
function lanternists(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  const any = (number) => 1 + Math.floor(Math.random() * number);
  let open = 0;
  const ask = (method, path, words) => {
    if (open >= 8) return;
    open += 1;
    const body = words && JSON.stringify(words);
    const headers = body ? { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) } : {};
    const asked = http.request({ host: '127.0.0.1', port, agent, method, path, headers }, (answer) => {
      answer.resume();
      answer.on('close', () => { open -= 1; });
    });
    asked.on('error', () => process.exit());
    asked.end(body);
  };
  process.on('disconnect', () => process.exit());
  setInterval(() => ask('GET', `/programmes/${any(PROGRAMMES)}`), 25);
  setInterval(() => ask('POST', `/programmes/${any(PROGRAMMES)}/loans`, { lanternist: `lanternist ${any(90)}` }), 330);
  setInterval(() => ask('POST', `/slides/${any(10000)}/mending`), 500);
}

async function main() {
  const port = Number(execFileSync(process.env.PYTHON, [process.env.SERVICES, 'postgres', ...SETUP]));
  const pool = new Pool({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', max: 8 });
  const library = new Library(new SlideRepository(pool));
  const app = Fastify({ logger: false });
  app.register(libraryRoutes, { library });
  app.addHook('onClose', () => pool.end());
  await app.listen({ host: '127.0.0.1', port: 0 });
  const env = { ...process.env, LANTERNISTS_OF: String(app.server.address().port) };
  fork(__filename, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  console.log(`ready ${process.pid}`);
  setInterval(() => {
    const { shown, kept, lent } = library.counts;
    console.error(`${shown} programmes shown, ${kept} of them from the cache, ${lent} lent`);
  }, 8000);
}

if (process.env.LANTERNISTS_OF) lanternists(Number(process.env.LANTERNISTS_OF));
else main();
