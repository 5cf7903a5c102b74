// expect: healthy bench
// Sugar bush: the sap of the maples runs through lateral lines under vacuum to a releaser. A monitor at each line
// reports vacuum, flow and temperature; the last of each is kept in Redis, where the boiling house reads it, too. The
// crews look at a block of the bush on their phones, line by line, to find the leaks that squirrels make.
//
// Measured: 50 looks a second in 9.0 ms each, 6800 switches a second, 14 % of a core; the twin 1.6 to 2.9 ms each,
// 210 switches a second, 6.5 %.
'use strict';

const { execFileSync, spawnSync } = require('child_process');
const http = require('http');
const Redis = require('ioredis');

const BLOCKS = 12;
const LINES = 48;
const RATE = 50; // looks a second
const SETTLED = -22; // inches of mercury, where a tight line settles

// ---- readings in Redis

class LineStore {
  constructor(redis) {
    this.redis = redis;
  }

  key(block, line) {
    return `bush:${block}:line:${line}`;
  }

  async report(block, line, { vacuum, flow, celsius }) {
    await this.redis.hset(this.key(block, line), { vacuum, flow, celsius, at: Date.now() });
  }

  reading(line, [vacuum, flow, celsius]) {
    return { line, vacuum: Number(vacuum), flow: Number(flow), celsius: Number(celsius), known: vacuum !== null };
  }

  async readings(block) {
    const together = this.redis.pipeline();
    for (let line = 1; line <= LINES; line++) together.hmget(this.key(block, line), 'vacuum', 'flow', 'celsius');
    const answers = await together.exec();
    return answers.map(([error, values], at) => {
      if (error) throw error;
      return this.reading(at + 1, values);
    });
  }

  async releaser(block) {
    const [level, pump] = await this.redis.hmget(`bush:${block}:releaser`, 'level', 'pump');
    return { level: Number(level) || 0, pump: pump || 'off' };
  }

  async dump(block, litres) {
    const [[, total]] = await this.redis
      .multi()
      .incrby(`bush:${block}:litres`, litres)
      .hset(`bush:${block}:releaser`, { level: 0, pump: 'on' })
      .exec();
    return total;
  }
}

// ---- what the crew wants to know

class Bush {
  constructor(store) {
    this.store = store;
  }

  judge({ line, vacuum, flow, celsius, known }, mean) {
    if (!known) return { line, state: 'silent' };
    if (vacuum > SETTLED + 9) return { line, state: 'open', vacuum, flow };
    if (vacuum > SETTLED + 4) return { line, state: 'leak', vacuum, flow };
    if (celsius < 1 && flow < mean / 2) return { line, state: 'frozen', vacuum, flow };
    return { line, state: 'tight', vacuum, flow };
  }

  async block(number) {
    const readings = await this.store.readings(number);
    const releaser = await this.store.releaser(number);
    const known = readings.filter((reading) => reading.known);
    const flow = known.reduce((sum, reading) => sum + reading.flow, 0);
    const mean = known.length ? flow / known.length : 0;
    const lines = readings.map((reading) => this.judge(reading, mean));
    const walk = lines.filter(({ state }) => state !== 'tight').map(({ line }) => line);
    return { block: number, flow: Math.round(flow * 10) / 10, releaser, walk, lines };
  }

  async report(number, { line, vacuum, flow, celsius }) {
    if (!(line >= 1 && line <= LINES)) throw Object.assign(new Error('no such line'), { status: 404 });
    if (![vacuum, flow, celsius].every(Number.isFinite)) throw Object.assign(new Error('no reading'), { status: 422 });
    await this.store.report(number, line, { vacuum, flow, celsius });
    return { line };
  }

  async dump(number, { litres }) {
    if (!(litres > 0 && litres < 5000)) throw Object.assign(new Error('how much?'), { status: 422 });
    return { total: await this.store.dump(number, Math.round(litres)) };
  }
}

// ---- the server

async function json(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  try {
    return JSON.parse(Buffer.concat(parts));
  } catch {
    throw Object.assign(new Error('not JSON'), { status: 400 });
  }
}

function server(bush) {
  const actions = {
    'GET lines': (block) => bush.block(block),
    'POST lines': async (block, request) => bush.report(block, await json(request)),
    'POST dumps': async (block, request) => bush.dump(block, await json(request)),
  };
  const route = async (request) => {
    const [, root, block, what] = request.url.split('/');
    const action = root === 'blocks' && actions[`${request.method} ${what}`];
    if (!action || !(block >= 1 && block <= BLOCKS)) throw Object.assign(new Error('not found'), { status: 404 });
    return action(Number(block), request);
  };
  const serving = http.createServer((request, response) => {
    const say = (status, said) => {
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(said));
    };
    route(request).then(
      (said) => say(200, said),
      (error) => say(error.status || 500, { error: error.message }),
    );
  });
  serving.keepAliveTimeout = 65000;
  return serving;
}

// ---- monitors and phones, in a process that is nobody's child

function monitors(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const any = (number) => Math.floor(Math.random() * number);
  const sums = {};
  let open = 0;
  let misses = 0;
  const ask = (what, method, path, said) => {
    if (open >= 40) return;
    open++;
    const from = performance.now();
    const asked = http.request({ host: '127.0.0.1', port, agent, method, path }, (answer) => {
      answer.resume().on('end', () => {
        open--;
        const sum = (sums[what] = sums[what] || { answered: 0, bad: 0, waited: 0 });
        sum.answered++;
        sum.bad += answer.statusCode >= 400;
        sum.waited += performance.now() - from;
      });
    });
    asked.on('error', () => {
      open--;
      if (++misses > 50) process.exit(0);
    });
    asked.end(said && JSON.stringify(said));
  };
  let reported = 0;
  const report = () => {
    const line = 1 + (reported % LINES);
    const block = 1 + (Math.floor(reported++ / LINES) % BLOCKS);
    const vacuum = SETTLED + (any(20) ? any(3) : any(14));
    ask('reports', 'POST', `/blocks/${block}/lines`, { line, vacuum, flow: 2 + any(40) / 10, celsius: any(80) / 10 });
  };
  setInterval(report, 25);
  setInterval(() => ask('looks', 'GET', `/blocks/${1 + any(BLOCKS)}/lines`), 1000 / RATE);
  setInterval(() => ask('dumps', 'POST', `/blocks/${1 + any(BLOCKS)}/dumps`, { litres: 40 + any(60) }), 500);
  setInterval(() => {
    for (const [what, { answered, bad, waited }] of Object.entries(sums)) {
      console.error(`${answered} ${what}, ${bad} bad, ${(waited / answered).toFixed(1)} ms each`);
    }
  }, 5000);
}

async function main() {
  const { PYTHON, SERVICES } = process.env;
  const piped = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  const port = Number(execFileSync(PYTHON, [SERVICES, 'redis'], piped));
  const redis = new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: 2 });
  redis.on('error', (error) => console.error('redis:', error.message));
  const store = new LineStore(redis);
  for (let block = 1; block <= BLOCKS; block++) {
    const first = { vacuum: SETTLED, flow: 3, celsius: 2 };
    await Promise.all(Array.from({ length: LINES }, (_, at) => store.report(block, at + 1, first)));
  }
  const serving = server(new Bush(store)).listen(0, '127.0.0.1', () => {
    const env = { ...process.env, MONITORS_PORT: String(serving.address().port) };
    const command = '"$0" "$1" >/dev/null 2>>"${REPORT:-/dev/null}" </dev/null &';
    spawnSync('sh', ['-c', command, process.execPath, __filename], { env });
    setTimeout(() => console.log(`ready ${process.pid}`), 9000);
  });
}

if (process.env.MONITORS_PORT) monitors(Number(process.env.MONITORS_PORT));
else main();
