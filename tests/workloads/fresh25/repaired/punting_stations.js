// expect: healthy bench
// Punt hire on a river: each station has some ninety punts; who has a punt, until when and for whom it is held is in
// Redis. The boards at the stations show a whole station; the cashiers look at one punt and change it.
//
// Measured: 45 boards a second, 6 to 11 ms each, 18 % of a core; in the twin 1.1 ms each, 8 % of a core.
'use strict';

const { execFileSync } = require('child_process');
const Fastify = require('fastify');
const Redis = require('ioredis');

const STATIONS = ['magdalene', 'quayside', 'silver-street', 'granta-mill', 'trumpington', 'cherwell', 'bardwell'];
const PUNTS = 90; // at each
const RIVER_HOURS = { opens: 9, closes: 19 };

const puntKey = (id) => `punt:${id}`;
const holdKey = (id) => `hold:${id}`;
const stationKey = (station) => `station:${station}`;

// ---- what is in Redis

class PuntStore {
  constructor(redis) {
    this.redis = redis;
  }

  async moor(stations, number) {
    const batch = this.redis.pipeline();
    stations.forEach((station, at) => {
      for (let n = 0; n < number; n++) {
        const id = `${at}-${n}`;
        const due = Date.now() + ((n * 97 + at) % 90) * 60000;
        const punt = { id, state: n % 3 ? 'out' : 'in', hirer: `party ${n * 7}`, due, deposit: 50 + (n % 4) * 10 };
        batch.set(puntKey(id), JSON.stringify(punt));
        if (n % 8 === 0) batch.set(holdKey(id), `college ${n % 5}`);
        batch.sadd(stationKey(station), id);
      }
    });
    await batch.exec();
  }

  async punt(id) {
    const text = await this.redis.get(puntKey(id));
    return text && JSON.parse(text);
  }

  async atStation(station) {
    const ids = await this.redis.smembers(stationKey(station));
    if (!ids.length) return [];
    const found = await this.redis.mget([...ids.map(puntKey), ...ids.map(holdKey)]);
    const punts = [];
    ids.forEach((id, at) => {
      if (found[at]) punts.push({ ...JSON.parse(found[at]), heldFor: found[ids.length + at] });
    });
    return punts;
  }

  async change(punt) {
    await this.redis.set(puntKey(punt.id), JSON.stringify(punt));
  }
}

// ---- what boards show

class StationBoard {
  constructor(store, clock = Date.now) {
    this.store = store;
    this.clock = clock;
  }

  open(now) {
    const hour = (Math.floor(now / 3600000) + 1) % 24;
    return hour >= RIVER_HOURS.opens && hour < RIVER_HOURS.closes;
  }

  line(punt, now) {
    const minutes = Math.round((punt.due - now) / 60000);
    const late = punt.state === 'out' && minutes < 0;
    return { punt: punt.id, hirer: punt.hirer, minutes, late, fee: late ? Math.min(punt.deposit, -minutes * 2) : 0 };
  }

  async show(station) {
    const now = this.clock();
    const punts = await this.store.atStation(station);
    const out = punts.filter((punt) => punt.state === 'out');
    return {
      station,
      open: this.open(now),
      moored: punts.length - out.length,
      held: punts.filter((punt) => punt.state === 'in' && punt.heldFor).map((punt) => [punt.id, punt.heldFor]),
      deposits: out.reduce((sum, punt) => sum + punt.deposit, 0),
      out: out.sort((a, b) => a.due - b.due).map((punt) => this.line(punt, now)),
    };
  }
}

// ---- the application

function application(store, counts) {
  const app = Fastify({ logger: false, keepAliveTimeout: 65000 });
  const board = new StationBoard(store);

  app.get('/stations/:station', async (request, reply) => {
    const { station } = request.params;
    if (!STATIONS.includes(station)) return reply.code(404).send({ error: 'no such station' });
    const began = performance.now();
    const shown = await board.show(station);
    counts.boards++;
    counts.spent += performance.now() - began;
    return shown;
  });

  app.get('/punts/:id', async (request, reply) => {
    const punt = await store.punt(request.params.id);
    if (!punt) return reply.code(404).send({ error: 'no such punt' });
    counts.punts++;
    return board.line(punt, Date.now());
  });

  app.post('/punts/:id/turn', async (request, reply) => {
    const punt = await store.punt(request.params.id);
    if (!punt) return reply.code(404).send({ error: 'no such punt' });
    const goes = punt.state === 'in';
    punt.state = goes ? 'out' : 'in';
    if (goes) punt.due = Date.now() + 45 * 60000;
    await store.change(punt);
    return { punt: punt.id, state: punt.state };
  });

  app.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => done(null, body));
  app.setErrorHandler((error, request, reply) => reply.code(error.statusCode || 503).send({ error: error.message }));
  return app;
}

// ---- Redis, boards and cashiers, in processes of their own

const SCRIPT = `
import os, sys
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients, services
port, stations, number = int(sys.argv[1]), sys.argv[2].split(","), int(sys.argv[3])
punts = [f"/punts/{at}-{n}" for at in range(len(stations)) for n in range(number)]
services.outside(lambda: clients.come(port, [f"/stations/{station}" for station in stations], 45, 6))
services.outside(lambda: clients.come(port, punts, 20, 2))
services.outside(lambda: clients.come(port, [punt + "/turn" for punt in punts], 10, 1, body=b"turn"))
`;

function visitors(port) {
  const words = ['-c', SCRIPT, String(port), STATIONS.join(','), String(PUNTS)];
  execFileSync(process.env.PYTHON, words, { stdio: 'ignore' });
}

async function main() {
  const quiet = { stdio: ['ignore', 'pipe', 'ignore'] };
  const told = execFileSync(process.env.PYTHON, [process.env.SERVICES, 'redis'], quiet);
  const redis = new Redis({ host: '127.0.0.1', port: Number(told), maxRetriesPerRequest: 2 });
  redis.on('error', (error) => console.error(`redis: ${error.message}`));
  const store = new PuntStore(redis);
  await store.moor(STATIONS, PUNTS);
  const counts = { boards: 0, punts: 0, spent: 0 };
  const app = application(store, counts);
  await app.listen({ port: 0, host: '127.0.0.1' });
  visitors(app.server.address().port);
  const warm = setInterval(() => {
    if (counts.boards < 150) return;
    clearInterval(warm);
    console.log(`ready ${process.pid}`);
  }, 100);
  setInterval(() => {
    const each = (counts.spent / counts.boards).toFixed(2);
    console.error(`${counts.boards} boards, ${each} ms each, ${counts.punts} punts`);
  }, 10000);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
