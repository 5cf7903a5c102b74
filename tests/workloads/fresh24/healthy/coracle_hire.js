// bench: healthy
// Hires out coracles at five wharves of a river: guests ask what a trip costs, take the next coracle that is ashore, and
// bring it back. The level of the river, which the price and the permission depend on, comes from the gauge every two
// seconds; trips are kept in PostgreSQL, and a journal of them is written to a file in pieces.
//
// Measured: 7 % of a core, 95 requests a second, RSS 64 to 68 MiB.
'use strict';

const { execFileSync, spawn } = require('child_process');
const fastify = require('fastify');
const fs = require('fs');
const http = require('http');
const path = require('path');
const { Pool } = require('pg');

const WHARVES = ['ironbridge', 'cenarth', 'cilgerran', 'bewdley', 'shrewsbury'];
const CORACLES = 24; // at each wharf
const GAUGE_EVERY = 2000;
const JOURNAL_EVERY = 500;
const JOURNAL_MOST = 512 * 1024;

const SCHEMA = [
  `CREATE TABLE coracles (id int PRIMARY KEY, wharf text NOT NULL, hide text NOT NULL, bears int NOT NULL,
     guest int, out_since timestamptz)`,
  `INSERT INTO coracles SELECT n, (ARRAY['${WHARVES.join("','")}'])[1 + n % 5], 'calico', 90 + n % 40
     FROM generate_series(1, ${CORACLES * 5}) n`,
  'CREATE INDEX coracles_ashore ON coracles (wharf) WHERE guest IS NULL',
  'ANALYZE',
];

// ---- small parts

/** Keeps so many values, each for a while; what was used least lately goes first. */
class Lately {
  constructor(most, milliseconds) {
    this.most = most;
    this.milliseconds = milliseconds;
    this.values = new Map();
  }

  get(key, make) {
    const now = Date.now();
    const known = this.values.get(key);
    this.values.delete(key);
    const entry = known && known.until > now ? known : { value: make(), until: now + this.milliseconds };
    this.values.set(key, entry);
    if (this.values.size > this.most) this.values.delete(this.values.keys().next().value);
    return entry.value;
  }
}

/** Collects lines, and writes what has come together; begins again when the file has grown. */
class Journal {
  constructor(file) {
    this.file = file;
    this.lines = [];
    this.size = 0;
    this.writing = false;
    this.timer = setInterval(() => this.flush(), JOURNAL_EVERY);
  }

  note(line) {
    this.lines.push(line);
  }

  async flush() {
    if (this.writing || this.lines.length === 0) return;
    this.writing = true;
    const text = `${this.lines.join('\n')}\n`;
    this.lines.length = 0;
    try {
      const flag = this.size + text.length > JOURNAL_MOST ? 'w' : 'a';
      this.size = flag === 'w' ? text.length : this.size + text.length;
      await fs.promises.writeFile(this.file, text, { flag });
    } catch (error) {
      console.error('journal:', error.message);
    } finally {
      this.writing = false;
    }
  }
}

class Gauge {
  constructor(port) {
    this.options = { port, host: '127.0.0.1', path: '/level', agent: new http.Agent({ keepAlive: true }) };
    this.level = 400;
    this.failures = 0;
  }

  watch() {
    const again = (ok) => {
      this.failures = ok ? 0 : this.failures + 1;
      setTimeout(() => this.watch(), GAUGE_EVERY * Math.min(8, 1 + this.failures));
    };
    const request = http.get(this.options, async (response) => {
      try {
        let text = '';
        for await (const part of response.setEncoding('utf8')) text += part;
        this.level = JSON.parse(text).price;
        again(true);
      } catch (error) {
        again(false);
      }
    });
    request.setTimeout(1500, () => request.destroy());
    request.on('error', () => again(false));
  }
}

// ---- the trade

class HireService {
  constructor(pool, gauge, journal) {
    this.pool = pool;
    this.gauge = gauge;
    this.journal = journal;
    this.prices = new Lately(60, 3000);
  }

  /** Pence, by the hour; a quick river costs more, since somebody has to fetch the coracle. */
  price(wharf, hours) {
    return this.prices.get(`${wharf}/${hours}`, () => {
      const far = WHARVES.indexOf(wharf) * 120;
      let pence = 0;
      for (let hour = 0; hour < hours; hour++) pence += Math.max(350, 900 - hour * 110);
      return { wharf, hours, pence: Math.round(pence + far + this.gauge.level * 0.3), level: this.gauge.level };
    });
  }

  async take(wharf, guest, kilograms) {
    const { rows } = await this.pool.query({
      name: 'take',
      text: `UPDATE coracles SET guest = $2, out_since = now() WHERE id = (
               SELECT id FROM coracles WHERE wharf = $1 AND guest IS NULL AND bears >= $3
               ORDER BY bears LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, hide, bears`,
      values: [wharf, guest, kilograms],
    });
    if (rows.length) this.journal.note(`${Date.now()} out ${rows[0].id} ${guest}`);
    return rows[0] || null;
  }

  async bring(guest) {
    const { rows } = await this.pool.query({
      name: 'bring',
      text: `UPDATE coracles c SET guest = NULL FROM (SELECT id, out_since FROM coracles WHERE guest = $1) o
             WHERE c.id = o.id RETURNING c.id, c.wharf, extract(epoch FROM now() - o.out_since)::float8 AS seconds`,
      values: [guest],
    });
    for (const row of rows) this.journal.note(`${Date.now()} in ${row.id} ${row.seconds.toFixed(1)}`);
    return rows;
  }

  async ashore() {
    const { rows } = await this.pool.query({
      name: 'ashore',
      text: 'SELECT wharf, count(*)::int AS ashore FROM coracles WHERE guest IS NULL GROUP BY wharf',
    });
    return WHARVES.map((wharf) => rows.find((row) => row.wharf === wharf) || { wharf, ashore: 0 });
  }
}

function application(service) {
  const app = fastify({ keepAliveTimeout: 60000 });
  app.get('/wharves', () => service.ashore());
  app.get('/wharves/:wharf/price/:hours', async (request, reply) => {
    const { wharf, hours } = request.params;
    if (!WHARVES.includes(wharf)) return reply.code(404).send({ error: 'no such wharf' });
    return service.price(wharf, Math.min(8, Number(hours) || 1));
  });
  app.post('/wharves/:wharf/trips', async (request, reply) => {
    const { guest, kilograms } = request.body;
    const coracle = await service.take(request.params.wharf, guest, kilograms);
    return coracle || reply.code(409).send({ error: 'no coracle ashore that bears you' });
  });
  app.delete('/trips/:guest', (request) => service.bring(Number(request.params.guest)));
  return app;
}

// ---- the guests, in a process of their own

function guests(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 10 });
  const any = (number) => Math.floor(Math.random() * number);
  const ask = (method, url, value) => {
    if (Object.keys(agent.requests).length) return; // all lines are busy
    const headers = value ? { 'Content-Type': 'application/json' } : {};
    const asked = { port, host: '127.0.0.1', agent, method, path: url, headers };
    const request = http.request(asked, (response) => response.resume());
    request.on('error', (error) => error.code === 'ECONNREFUSED' && process.exit());
    request.end(value && JSON.stringify(value));
  };
  let guest = 0;
  setInterval(() => ask('GET', `/wharves/${WHARVES[any(5)]}/price/${1 + any(6)}`), 20);
  setInterval(() => {
    const number = ++guest;
    ask('POST', `/wharves/${WHARVES[any(5)]}/trips`, { guest: number, kilograms: 50 + any(60) });
    setTimeout(() => ask('DELETE', `/trips/${number}`), 1000 + any(2000));
  }, 50);
  setInterval(() => ask('GET', '/wharves'), 200);
}

async function main() {
  const { PYTHON, SERVICES } = process.env;
  const piped = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  const database = Number(execFileSync(PYTHON, [SERVICES, 'postgres', ...SCHEMA], piped));
  const gauge = new Gauge(Number(execFileSync(PYTHON, [SERVICES, 'http', '5'], piped)));
  const pool = new Pool({ host: '127.0.0.1', port: database, user: 'postgres', database: 'postgres', max: 6 });
  const app = application(new HireService(pool, gauge, new Journal(path.resolve('journal.txt'))));
  gauge.watch();
  await app.listen({ port: 0, host: '127.0.0.1' });
  const words = [process.execPath, __filename, String(app.server.address().port)];
  spawn('sh', ['-c', '"$0" "$1" "$2" >/dev/null 2>&1 &', ...words], { stdio: 'ignore' });
  setTimeout(() => console.log(`ready ${process.pid}`), 2500);
}

if (process.argv[2]) guests(Number(process.argv[2]));
else main();
