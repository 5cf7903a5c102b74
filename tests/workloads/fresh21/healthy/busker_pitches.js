// bench: healthy
// Pitches for street musicians: a busker's telephone asks which pitches of a quarter are free this hour (state in
// Redis), takes one, and gives it back; the wardens' board shows a quarter. Express and ioredis.
//
// What looks odd and is fine: the rules are a list of nine that is gone through for each pitch, a timer sweeps a bounded
// cache of permits, taking a pitch is one SET NX and may fail, and each board is read afresh (in one pipeline).
//
// Measured: some 75 requests a second, 0.09 of a core, about 1 ms each.
'use strict';

const { execFileSync, spawnSync } = require('child_process');
const http = require('http');
const Redis = require('ioredis');

const QUARTERS = ['harbour', 'cathedral', 'market', 'station', 'theatre', 'mill'];
const PITCHES = 16;
const BUSKERS = 500;
const HOLD_SECONDS = 12;
const ASKED_A_SECOND = 60;

const RULES = [
  { quarter: 'cathedral', loud: true, why: 'no drums by the cathedral' },
  { quarter: 'station', place: 0, why: 'kept for the blind accordionist' },
  { quarter: 'market', place: 3, why: 'the fish stall stands here' },
  { quarter: 'market', loud: true, why: 'the auctioneer wins' },
  { quarter: 'theatre', place: 7, why: 'stage door' },
  { quarter: 'theatre', place: 8, why: 'stage door' },
  { quarter: 'mill', place: 15, why: 'the weir drowns you' },
  { quarter: 'harbour', place: 2, why: 'the ropes lie here' },
  { quarter: 'harbour', loud: true, place: 9, why: 'hospital ship' },
];

const pitchKey = (quarter, place) => `pitch:${quarter}:${place}`;
const permitKey = (busker) => `permit:${busker}`;

// ---- permits, of which some are kept

class PermitCache {
  constructor(size, milliseconds) {
    this.size = size;
    this.milliseconds = milliseconds;
    this.kept = new Map();
  }

  get(busker) {
    const entry = this.kept.get(busker);
    if (!entry || entry.until < Date.now()) return undefined;
    return entry.permit;
  }

  put(busker, permit) {
    this.kept.delete(busker);
    this.kept.set(busker, { permit, until: Date.now() + this.milliseconds });
    if (this.kept.size > this.size) this.kept.delete(this.kept.keys().next().value);
  }

  sweep() {
    const now = Date.now();
    for (const [busker, { until }] of this.kept) {
      if (until >= now) break; // the oldest come first
      this.kept.delete(busker);
    }
  }
}

class PitchStore {
  constructor(redis) {
    this.redis = redis;
    this.permits = new PermitCache(200, 20000);
    this.sweeper = setInterval(() => this.permits.sweep(), 1000);
  }

  async permit(busker) {
    const kept = this.permits.get(busker);
    if (kept) return kept;
    const fields = await this.redis.hgetall(permitKey(busker));
    if (!fields.name) return null;
    const permit = { name: fields.name, instrument: fields.instrument, loud: fields.loud === '1' };
    this.permits.put(busker, permit);
    return permit;
  }

  async quarter(quarter) {
    const keys = Array.from({ length: PITCHES }, (_, place) => pitchKey(quarter, place));
    const holders = await this.redis.mget(keys);
    return holders.map((holder, place) => ({ place, holder }));
  }

  async take(quarter, place, busker) {
    return (await this.redis.set(pitchKey(quarter, place), busker, 'EX', HOLD_SECONDS, 'NX')) === 'OK';
  }

  async giveBack(quarter, place, busker) {
    const script = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";
    return (await this.redis.eval(script, 1, pitchKey(quarter, place), busker)) === 1;
  }

  async enrol() {
    const instruments = ['fiddle', 'drums', 'saw', 'harp', 'spoons', 'sousaphone'];
    const pipeline = this.redis.pipeline();
    for (let n = 0; n < BUSKERS; n++) {
      const instrument = instruments[n % instruments.length];
      const loud = instrument === 'drums' || instrument === 'sousaphone' ? 1 : 0;
      pipeline.hset(permitKey(n), { name: `busker ${n}`, instrument, loud });
    }
    for (const [error] of await pipeline.exec()) if (error) throw error;
  }
}

function refusal(quarter, place, permit) {
  const rule = RULES.find(
    (one) =>
      one.quarter === quarter &&
      (one.place === undefined || one.place === place) &&
      (one.loud === undefined || one.loud === permit.loud)
  );
  return rule ? rule.why : null;
}

// ---- application

const handled = (handler) => (request, response, next) => handler(request, response, next).catch(next);

function quartersRouter(express, store) {
  const router = express.Router();
  router.param('quarter', (request, response, next, quarter) => {
    if (!QUARTERS.includes(quarter)) return response.status(404).json({ error: 'no such quarter' });
    return next();
  });
  router.use('/:quarter/free', (request, response, next) => {
    store
      .permit(Number(request.query.busker))
      .then((permit) => {
        request.permit = permit;
        if (permit) next();
        else response.status(403).json({ error: 'no permit' });
      })
      .catch(next);
  });
  router.get('/:quarter/free', handled(async (request, response) => {
    const { quarter } = request.params;
    const pitches = await store.quarter(quarter);
    const free = pitches.filter(({ place, holder }) => !holder && !refusal(quarter, place, request.permit));
    response.json({ quarter, busker: request.permit.name, free: free.map(({ place }) => place) });
  }));
  router.post('/:quarter/:place(\\d+)/:busker(\\d+)', handled(async (request, response) => {
    const { quarter, place, busker } = request.params;
    const permit = await store.permit(Number(busker));
    const why = permit ? refusal(quarter, Number(place), permit) : 'no permit';
    if (why) {
      response.status(403).json({ error: why });
      return;
    }
    const taken = await store.take(quarter, Number(place), busker);
    response.status(taken ? 201 : 409).json({ quarter, place: Number(place), taken });
  }));
  router.delete('/:quarter/:place(\\d+)/:busker(\\d+)', handled(async (request, response) => {
    const { quarter, place, busker } = request.params;
    const given = await store.giveBack(quarter, Number(place), busker);
    response.status(given ? 204 : 410).end();
  }));
  router.get('/:quarter', handled(async (request, response) => {
    const pitches = await store.quarter(request.params.quarter);
    response.json({ quarter: request.params.quarter, pitches });
  }));
  return router;
}

function application(store) {
  const express = require('express');
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.use('/quarters', quartersRouter(express, store));
  app.use((error, request, response, next) => {
    if (response.headersSent) return next(error);
    console.error(error.message);
    return response.status(500).json({ error: 'internal' });
  });
  return app;
}

// ---- the telephones, in a process of their own

function telephones(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 12 });
  const any = (number) => Math.floor(Math.random() * number);
  const ask = (method, path, done) => {
    const request = http.request({ host: '127.0.0.1', port, agent, method, path }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (piece) => (body += piece));
      response.on('end', () => done && done(response.statusCode, body));
    });
    request.on('error', () => {});
    request.end();
  };
  const play = () => {
    const quarter = QUARTERS[any(QUARTERS.length)];
    const busker = any(BUSKERS);
    ask('GET', `/quarters/${quarter}/free?busker=${busker}`, (status, body) => {
      if (status !== 200 || any(3)) return;
      const { free } = JSON.parse(body);
      if (!free.length) return;
      const pitch = `/quarters/${quarter}/${free[any(free.length)]}/${busker}`;
      ask('POST', pitch, (taken) => {
        if (taken === 201) setTimeout(() => ask('DELETE', pitch), 2000 + any(4000));
      });
    });
  };
  setInterval(play, 1000 / ASKED_A_SECOND);
  setInterval(() => ask('GET', `/quarters/${QUARTERS[any(QUARTERS.length)]}`), 200);
}

async function main() {
  const { PYTHON, SERVICES } = process.env;
  const piped = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  const redis = new Redis({ host: '127.0.0.1', port: Number(execFileSync(PYTHON, [SERVICES, 'redis'], piped)) });
  const store = new PitchStore(redis);
  await store.enrol();
  const server = application(store).listen(0, '127.0.0.1', () => {
    const env = { ...process.env, LOAD_PORT: String(server.address().port) };
    const start = '"$0" "$1" >/dev/null 2>&1 &';
    spawnSync('sh', ['-c', start, process.execPath, __filename], { env, stdio: 'ignore' });
    setTimeout(() => console.log(`ready ${process.pid}`), 1500);
  });
  server.keepAliveTimeout = 65000;
}

if (process.env.LOAD_PORT) telephones(Number(process.env.LOAD_PORT));
else main();
