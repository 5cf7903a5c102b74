// expect: healthy bench
// An optical telegraph, reenacted: operators set the arms of their towers, and the state of the lines lies in
// Redis. Signals go into a stream, which a relay waits for (it blocks until there is one) and hands on in
// batches; pages read many towers with one pipeline. Express and ioredis.
//
// Measured: 23 pages and 52 signals a second with 13 % of a core; 73 MB.
'use strict';
const http = require('http');
const { execFileSync, fork } = require('child_process');
const express = require('express');
const Redis = require('ioredis');

const LINES = ['paris-lille', 'paris-brest', 'lyon-milan', 'metz-mainz'];
const TOWERS = 24;
const STREAM = 'signals';

class TowerRepository {
  constructor(redis) {
    this.redis = redis;
  }

  async set(line, tower, signal) {
    await this.redis
      .pipeline()
      .hset(`tower:${line}:${tower}`, 'signal', signal, 'at', Date.now())
      .zincrby(`busiest:${line}`, 1, tower)
      .xadd(STREAM, 'MAXLEN', '~', 500, '*', 'line', line, 'tower', tower, 'signal', signal)
      .exec();
  }

  async line(line) {
    const pipeline = this.redis.pipeline();
    for (let tower = 0; tower < TOWERS; tower += 1) pipeline.hmget(`tower:${line}:${tower}`, 'signal', 'at');
    pipeline.zrevrange(`busiest:${line}`, 0, 2, 'WITHSCORES');
    const answers = await pipeline.exec();
    const busiest = answers.pop()[1];
    return {
      towers: answers.map(([, [signal, at]], tower) => ({ tower, signal: Number(signal ?? 0), at: Number(at ?? 0) })),
      busiest: busiest.flatMap((word, i) => (i % 2 ? [] : [{ tower: Number(word), signals: Number(busiest[i + 1]) }])),
    };
  }

  // One operator at a time holds a tower; the lease ends by itself.
  async lease(line, tower, operator) {
    const taken = await this.redis.set(`lease:${line}:${tower}`, operator, 'PX', 150, 'NX');
    return taken === 'OK';
  }
}

// Hands the signals on to the next tower: waits for the stream with a connection of its own.
class Relay {
  constructor(redis, repository) {
    this.redis = redis;
    this.repository = repository;
    this.last = '$';
    this.relayed = 0;
  }

  async run() {
    for (;;) {
      const read = await this.redis.xread('COUNT', 50, 'BLOCK', 5000, 'STREAMS', STREAM, this.last);
      if (!read) continue;
      const [[, entries]] = read;
      this.last = entries[entries.length - 1][0];
      await this.handOn(entries);
    }
  }

  async handOn(entries) {
    const pipeline = this.repository.redis.pipeline();
    for (const [, [, line, , tower, , signal]] of entries) {
      const next = Number(tower) + 1;
      if (next >= TOWERS) continue;
      pipeline.hset(`tower:${line}:${next}`, 'signal', signal, 'at', Date.now());
      pipeline.hincrby(`relayed:${line}`, String(next), 1);
    }
    if (pipeline.length) await pipeline.exec();
    this.relayed += entries.length;
  }
}

class CodeBook {
  constructor() {
    const vowels = 'aeiou';
    const consonants = 'bcdfglmnprst';
    this.words = Array.from({ length: 92 }, (_, i) => {
      return consonants[i % 12] + vowels[i % 5] + consonants[(i * 7) % 12] + vowels[(i * 3) % 5];
    });
  }

  word(signal) {
    return this.words[signal % this.words.length];
  }
}

const wrap = (handler) => (req, res, next) => handler(req, res).catch(next);

function knownLine(req, res, next) {
  if (!LINES.includes(req.params.line)) return res.status(404).json({ error: 'no such line' });
  return next();
}

function lineRouter(repository, codes, counts) {
  const router = express.Router({ mergeParams: true });
  router.get('/', wrap(async (req, res) => {
    const { towers, busiest } = await repository.line(req.params.line);
    counts.pages += 1;
    res.json({ towers: towers.map((tower) => ({ ...tower, word: codes.word(tower.signal) })), busiest });
  }));
  router.post('/towers/:tower(\\d+)', express.json({ limit: '1kb' }), wrap(async (req, res) => {
    const { line, tower } = req.params;
    const { operator, signal } = req.body;
    if (Number(tower) >= TOWERS) return res.status(404).json({ error: 'no such tower' });
    if (!(await repository.lease(line, tower, operator))) return res.status(409).json({ error: 'held by another' });
    await repository.set(line, tower, Number(signal));
    counts.signals += 1;
    return res.status(202).json({ word: codes.word(Number(signal)) });
  }));
  return router;
}

function build(repository, counts) {
  const app = express();
  app.disable('x-powered-by');
  app.use('/lines/:line', knownLine, lineRouter(repository, new CodeBook(), counts));
  app.use((error, req, res, next) => { // eslint-disable-line no-unused-vars
    console.error(error.message);
    res.status(500).json({ error: 'internal' });
  });
  return app;
}

// Operators and onlookers, in a process of their own: 60 signals and 25 pages a second.
function people(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  const any = (number) => Math.floor(Math.random() * number);
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
  const line = () => `/lines/${LINES[any(LINES.length)]}`;
  process.on('disconnect', () => process.exit());
  setInterval(() => ask('GET', line()), 40);
  setInterval(() => {
    ask('POST', `${line()}/towers/${any(TOWERS)}`, { operator: `operator-${any(40)}`, signal: any(92) });
  }, 16);
}

function main() {
  const port = Number(execFileSync(process.env.PYTHON, [process.env.SERVICES, 'redis']));
  const redis = new Redis({ host: '127.0.0.1', port });
  const repository = new TowerRepository(redis);
  const relay = new Relay(redis.duplicate(), repository);
  const counts = { pages: 0, signals: 0 };
  relay.run().catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
  const server = build(repository, counts).listen(0, '127.0.0.1', () => {
    const env = { ...process.env, PEOPLE_OF: String(server.address().port) };
    fork(__filename, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    console.log(`ready ${process.pid}`);
  });
  setInterval(() => {
    console.error(`${counts.pages} pages, ${counts.signals} signals, ${relay.relayed} relayed`);
  }, 8000);
}

if (process.env.PEOPLE_OF) people(Number(process.env.PEOPLE_OF));
else main();
