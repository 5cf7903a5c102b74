// expect: pattern=serial-requests bench
// Pages for the bathers of hot spring towns: which of the bath houses of a town has room, how warm the water is, and
// what a tattoo or a towel costs there. Each bath house has a gate computer of its own, which is asked for its state.
//
// Measured: a page takes 204 ms (8 or 9 bath houses), in the twin 27 ms. CPU: 4 % of a core, twin 2 %.
'use strict';

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');

const TOWNS = {
  kinosaki: ['satono', 'jizo', 'yanagi', 'ichino', 'goshono', 'mandara', 'konoyu', 'kawara'],
  kusatsu: ['sainokawara', 'otakinoyu', 'gozanoyu', 'shirahata', 'jizonoyu', 'chiyonoyu', 'nagisa', 'okinayu'],
  dogo: ['honkan', 'asuka', 'tsubaki', 'takanoko', 'minara', 'oku', 'hoshioka', 'higashi', 'kita'],
  beppu: ['takegawara', 'ebisuya', 'kannawa', 'hyotan', 'shibaseki', 'myoban', 'kamegawa', 'hamawaki'],
};
const GATE_ANSWERS = 22; // milliseconds
const PAGES_A_SECOND = 4;

// ---- the gate computers

class GateClient {
  constructor(origin, connections = 24) {
    const { Pool } = require('undici');
    this.pool = new Pool(origin, { connections, headersTimeout: 3000, bodyTimeout: 3000 });
    this.failed = 0;
  }

  async state(town, house) {
    const { statusCode, body } = await this.pool.request({ method: 'GET', path: `/gates/${town}/${house}` });
    if (statusCode !== 200) {
      await body.dump();
      throw new Error(`the gate of ${house} says ${statusCode}`);
    }
    const { price, stock } = await body.json();
    return { celsius: 38 + (price % 90) / 10, bathers: stock * 3, lockers: 36 };
  }
}

// ---- what bathers see

class House {
  constructor(town, name, at) {
    this.town = town;
    this.name = name;
    this.tattoos = at % 3 !== 1;
    this.towel = 150 + (at % 4) * 50;
    this.opens = 6 + (at % 3);
    this.visits = 0;
  }

  isOpen(hour) {
    return hour >= this.opens && hour < 23;
  }
}

class TownGuide {
  constructor(gates, towns) {
    this.gates = gates;
    this.towns = new Map();
    for (const [town, names] of Object.entries(towns)) {
      this.towns.set(town, names.map((name, at) => new House(town, name, at)));
    }
  }

  houses(town) {
    return this.towns.get(town) || [];
  }

  house(town, name) {
    return this.houses(town).find((house) => house.name === name);
  }

  async describe(house) {
    const fixed = { house: house.name, tattoos: house.tattoos, towel: house.towel };
    try {
      const { celsius, bathers, lockers } = await this.gates.state(house.town, house.name); // <- cost
      return { ...fixed, celsius, bathers, room: Math.max(0, lockers - bathers), known: true };
    } catch (error) {
      this.gates.failed++;
      return { ...fixed, celsius: null, bathers: null, room: null, known: false, why: error.message };
    }
  }

  async page(town, hour) {
    const rows = [];
    for (const house of this.houses(town)) {
      if (house.isOpen(hour)) rows.push(await this.describe(house)); // <- cost
    }
    return { town, hour, ...TownGuide.advice(rows), houses: rows };
  }

  static advice(rows) {
    const known = rows.filter((row) => row.known);
    const quiet = [...known].sort((a, b) => b.room - a.room).slice(0, 3);
    const hottest = known.reduce((best, row) => (!best || row.celsius > best.celsius ? row : best), null);
    return {
      quiet: quiet.map((row) => row.house),
      hottest: hottest && hottest.house,
      bathers: known.reduce((sum, row) => sum + row.bathers, 0),
      unknown: rows.length - known.length,
    };
  }
}

// ---- the application

async function townRoutes(fastify) {
  const params = { type: 'object', properties: { town: { type: 'string', enum: Object.keys(TOWNS) } } };
  const querystring = { type: 'object', properties: { hour: { type: 'integer', minimum: 0, maximum: 23, default: 12 } } };
  fastify.get('/towns/:town', { schema: { params, querystring } }, (request) =>
    fastify.guide.page(request.params.town, request.query.hour),
  );
  fastify.get('/towns/:town/houses/:house', { schema: { params } }, async (request, reply) => {
    const house = fastify.guide.house(request.params.town, request.params.house);
    if (!house) return reply.code(404).send({ error: 'no such house' });
    return { ...(await fastify.guide.describe(house)), opens: house.opens, visits: house.visits };
  });
  fastify.post('/towns/:town/houses/:house/visits', { schema: { params } }, async (request, reply) => {
    const house = fastify.guide.house(request.params.town, request.params.house);
    if (!house) return reply.code(404).send({ error: 'no such house' });
    house.visits++;
    return { house: house.name, visits: house.visits, stamp: house.visits % 7 === 0 };
  });
}

function application(guide) {
  const fastify = require('fastify')({ logger: false });
  fastify.decorate('guide', guide);
  fastify.register(townRoutes);
  fastify.get('/health', async () => ({ towns: guide.towns.size, failed: guide.gates.failed }));
  return fastify;
}

// ---- bathers, in a process of their own

function bathers(origin) {
  const { Pool } = require('undici');
  const pool = new Pool(origin, { connections: 16 });
  const sums = {};
  let open = 0;
  const ask = async (what, method, path) => {
    if (open >= 16) return;
    open++;
    const from = performance.now();
    try {
      const { body } = await pool.request({ method, path });
      await body.dump();
      const sum = (sums[what] = sums[what] || { answered: 0, waited: 0 });
      sum.answered++;
      sum.waited += performance.now() - from;
    } catch (error) {
      if (error.code === 'ECONNREFUSED') process.exit();
    } finally {
      open--;
    }
  };
  const any = (list) => list[Math.floor(Math.random() * list.length)];
  const house = () => {
    const town = any(Object.keys(TOWNS));
    return `/towns/${town}/houses/${any(TOWNS[town])}`;
  };
  setInterval(() => ask('pages', 'GET', `/towns/${any(Object.keys(TOWNS))}?hour=${9 + any([0, 3, 8])}`), 1000 / PAGES_A_SECOND);
  setInterval(() => ask('houses', 'GET', house()), 700);
  setInterval(() => ask('visits', 'POST', `${house()}/visits`), 130);
  setInterval(() => ask('health', 'GET', '/health'), 1000);
  setInterval(() => {
    if (!process.env.REPORT) return;
    for (const [what, { answered, waited }] of Object.entries(sums)) {
      fs.appendFileSync(process.env.REPORT, `${answered} ${what}, ${(waited / answered).toFixed(1)} ms\n`);
    }
  }, 5000);
}

async function main() {
  const { PYTHON, SERVICES } = process.env;
  const piped = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  const port = Number(execFileSync(PYTHON, [SERVICES, 'http', String(GATE_ANSWERS)], piped));
  const guide = new TownGuide(new GateClient(`http://127.0.0.1:${port}`), TOWNS);
  const origin = await application(guide).listen({ port: 0, host: '127.0.0.1' });
  const env = { ...process.env, LOAD_ORIGIN: origin };
  spawnSync('sh', ['-c', '"$0" "$1" >/dev/null 2>&1 &', process.execPath, __filename], { env, stdio: 'ignore' });
  setTimeout(() => console.log(`ready ${process.pid}`), 2500);
}

if (process.env.LOAD_ORIGIN) bathers(process.env.LOAD_ORIGIN);
else main();
