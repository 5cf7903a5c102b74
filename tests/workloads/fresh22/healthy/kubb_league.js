// bench: healthy
// The scores of a kubb league (Swedish wooden-block throwing): umpires and spectators on the lawns ask for a heat with
// its throws, a team's form, the standings, or for the lawn where a team plays next.
//
// Measured: 80 requests a second, CPU 5.5 % of a core.
'use strict';

const crypto = require('crypto');
const { execFileSync, spawn } = require('child_process');
const path = require('path');

const TEAMS = 64;
const HEATS = 900;
const LAWNS = ['chapel', 'orchard', 'brewery', 'weir', 'school', 'mill', 'rectory', 'quay'];

const SCHEMA = [
  'CREATE TABLE team (id int PRIMARY KEY, name text NOT NULL, seed int NOT NULL)',
  `CREATE TABLE heat (id int PRIMARY KEY, home int REFERENCES team, away int REFERENCES team, lawn text, round int,
    winner int)`,
  'CREATE TABLE throw (heat_id int REFERENCES heat, turn int, batons int, kubbs int, PRIMARY KEY (heat_id, turn))',
  "INSERT INTO team SELECT i, 'the ' || chr(65 + i % 26) || ' blocks ' || i, i FROM generate_series(1, 64) i",
  `INSERT INTO heat SELECT i, i % 64 + 1, (i * 7 + 3) % 64 + 1, 'lawn', i / 32, CASE WHEN i % 3 = 0 THEN i % 64 + 1
    ELSE (i * 7 + 3) % 64 + 1 END FROM generate_series(1, 900) i`,
  'INSERT INTO throw SELECT i % 900 + 1, i / 900, i % 6 + 1, i * 7 % 4 FROM generate_series(0, 16199) i',
  'CREATE INDEX ON heat (home)',
  'CREATE INDEX ON heat (away)',
  'ANALYZE',
];

/** Keeps so many answers for a while; the one that was asked for longest ago goes first. */
class Recent {
  constructor(limit, milliseconds) {
    this.limit = limit;
    this.milliseconds = milliseconds;
    this.kept = new Map();
  }

  get(key) {
    const found = this.kept.get(key);
    if (!found || found.until < Date.now()) return undefined;
    this.kept.delete(key);
    this.kept.set(key, found);
    return found.value;
  }

  set(key, value) {
    this.kept.delete(key);
    this.kept.set(key, { value, until: Date.now() + this.milliseconds });
    if (this.kept.size > this.limit) this.kept.delete(this.kept.keys().next().value);
  }

  sweep() {
    const now = Date.now();
    for (const [key, { until }] of this.kept) {
      if (until < now) this.kept.delete(key);
    }
  }
}

class League {
  constructor(pool) {
    this.pool = pool;
    this.heats = new Recent(120, 4000);
    this.table = [];
  }

  async heat(id) {
    const known = this.heats.get(id);
    if (known) return known;
    const { rows } = await this.pool.query({
      name: 'heat',
      text: `SELECT h.id, a.name AS home, b.name AS away, h.round,
        (SELECT json_agg(json_build_array(t.turn, t.batons, t.kubbs) ORDER BY t.turn) FROM throw t
          WHERE t.heat_id = h.id) AS throws
        FROM heat h JOIN team a ON a.id = h.home JOIN team b ON b.id = h.away WHERE h.id = $1`,
      values: [id],
    });
    if (rows.length === 0) return null;
    const [heat] = rows;
    const felled = (heat.throws || []).reduce((sum, [, , kubbs]) => sum + kubbs, 0);
    const answer = { ...heat, felled, accuracy: Math.round((felled / Math.max(1, heat.throws.length)) * 100) / 100 };
    this.heats.set(id, answer);
    return answer;
  }

  async form(team) {
    const { rows } = await this.pool.query({
      name: 'form',
      text: `SELECT id, round, winner = $1 AS won FROM heat WHERE home = $1 OR away = $1
        ORDER BY round DESC, id DESC LIMIT 5`,
      values: [team],
    });
    return rows.map(({ won }) => (won ? 'W' : 'L')).join('');
  }

  async refresh() {
    const { rows } = await this.pool.query(
      `SELECT t.id, t.name, count(h.id)::int AS won FROM team t LEFT JOIN heat h ON h.winner = t.id
        GROUP BY t.id ORDER BY won DESC, t.seed`,
    );
    this.table = rows;
  }
}

function tagOf(text) {
  return `"${crypto.createHash('sha1').update(text).digest('base64').slice(0, 20)}"`;
}

function application(league) {
  const fastify = require('fastify')({ logger: false });
  const byId = { params: { type: 'object', properties: { id: { type: 'integer', minimum: 1 } } } };

  fastify.addHook('onSend', async (request, reply, payload) => {
    if (typeof payload === 'string') reply.header('etag', tagOf(payload));
    return payload;
  });
  fastify.get('/heats/:id', { schema: byId }, async (request, reply) => {
    const heat = await league.heat(request.params.id);
    return heat || reply.code(404).send({ error: 'no such heat' });
  });
  fastify.get('/teams/:id/form', { schema: byId }, async (request) => ({ form: await league.form(request.params.id) }));
  fastify.get('/teams/:id/lawn', { schema: byId }, async (request, reply) => {
    const at = league.table.findIndex(({ id }) => id === request.params.id);
    if (at < 0) return reply.code(404).send({ error: 'no such team' });
    return { lawn: LAWNS[at % LAWNS.length], place: at + 1 };
  });
  fastify.get('/standings', async () => league.table.slice(0, 20));
  return fastify;
}

function spectators(port, done) {
  const paths = ['/standings', '/standings', '/heats/999999'];
  for (let i = 1; i <= 220; i++) paths.push(`/heats/${(i * 4) % HEATS || 1}`);
  for (let i = 1; i <= TEAMS; i++) paths.push(`/teams/${i}/form`, `/teams/${i}/lawn`);
  const clients = path.join(path.dirname(process.env.SERVICES), 'clients.py');
  const words = [clients, 'http', String(port), paths.join(','), '80', '8'];
  spawn(process.env.PYTHON, words, { stdio: 'ignore' }).on('error', done).on('exit', () => done());
}

async function main() {
  const { Pool } = require('pg');
  const told = execFileSync(process.env.PYTHON, [process.env.SERVICES, 'postgres', ...SCHEMA], { encoding: 'utf8' });
  const pool = new Pool({
    host: '127.0.0.1',
    port: Number(told.trim()),
    user: 'postgres',
    database: 'postgres',
    max: 4,
    idleTimeoutMillis: 60000,
  });
  pool.on('error', (error) => console.error(error.message));
  const league = new League(pool);
  await league.refresh();
  setInterval(() => league.refresh().catch((error) => console.error(error.message)), 3000);
  setInterval(() => league.heats.sweep(), 5000);
  const fastify = application(league);
  await fastify.listen({ port: 0, host: '127.0.0.1' });
  spectators(fastify.server.address().port, (error) => {
    if (error) throw error;
    setTimeout(() => console.log(`ready ${process.pid}`), 1500);
  });
}

main();
