// expect: healthy bench
// Timber rafts drift down a river, and the raftsmen ask by radio when theirs reaches the next landing. An answer
// takes the next reading of the river gauge of that reach into account, so it waits for it for some moments.
// Fastify, with one emitter of the gauges for the whole process.
//
// Measured: 45 answers a second; RSS grows from 82 MB (after 8 s) to 141 MB (after 40 s), 1.8 MB/s; the twin had
// 75 MB after 8 s. Both under 7 % of a core.
'use strict';
const http = require('http');
const { EventEmitter } = require('events');
const { fork } = require('child_process');
const Fastify = require('fastify');

const REACHES = 8;
const RAFTS = 64;
const STEPS = 4500; // of a forecast: every 25 metres of the river
const PATIENCE = 400;

class River extends EventEmitter {
  constructor() {
    super();
    this.setMaxListeners(0); // every waiting raftsman listens
    this.levels = new Array(REACHES).fill(2.4);
    this.turn = 0;
  }

  start() {
    setInterval(() => {
      const reach = this.turn % REACHES;
      this.turn += 1;
      this.levels[reach] += (Math.random() - 0.5) * 0.05 + (2.4 - this.levels[reach]) * 0.1;
      this.emit('gauge', { reach, level: this.levels[reach], at: Date.now() });
    }, 25);
  }
}

class Raft {
  constructor(number) {
    this.number = number;
    this.reach = number % REACHES;
    this.logs = 40 + ((number * 13) % 90);
    this.position = (number * 1511) % (STEPS / 2);
  }

  get drag() {
    return 1 + this.logs / 400;
  }
}

// Seconds from here to every step downstream, for one raft at one level of the river.
class DriftForecast {
  constructor(raft, level) {
    this.raft = raft;
    this.seconds = this.compute(level);
  }

  compute(level) {
    const seconds = new Array(STEPS).fill(0);
    let sum = 0;
    for (let step = 0; step < STEPS; step += 1) {
      const slope = 0.6 + 0.2 * ((step * 7) % 11) / 11;
      sum += (25 / (slope * level)) * this.raft.drag + 0.125;
      seconds[step] = sum;
    }
    return seconds;
  }

  arrival(landing) {
    return this.seconds[Math.min(landing, STEPS - 1)] - this.seconds[this.raft.position];
  }

  correct(level, expected) {
    this.factor = expected / level;
  }
}

class RaftService {
  constructor(river, rafts) {
    this.river = river;
    this.rafts = rafts;
    this.answered = 0;
    this.corrected = 0;
  }

  // The next reading of the reach, or nothing when it stays silent for too long.
  nextReading(reach, onReading) {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.river.off('gauge', heard);
        resolve();
      };
      const heard = (reading) => {
        if (reading.reach !== reach) return;
        onReading(reading);
        done();
      };
      const timer = setTimeout(done, PATIENCE);
      this.river.on('gauge', heard);
    });
  }

  async arrival(number, landing) {
    const raft = this.rafts[number];
    if (!raft) return null;
    const level = this.river.levels[raft.reach];
    const forecast = new DriftForecast(raft, level);
    await this.nextReading(raft.reach, (reading) => {
      forecast.correct(reading.level, level);
      this.corrected += 1;
    });
    this.answered += 1;
    const seconds = forecast.arrival(landing) * (forecast.factor ?? 1);
    return { raft: number, landing, seconds: Math.round(seconds), corrected: forecast.factor !== undefined };
  }
}

const arrivalSchema = {
  params: { type: 'object', properties: { number: { type: 'integer' }, landing: { type: 'integer', minimum: 0 } } },
  response: {
    200: {
      type: 'object',
      properties: {
        raft: { type: 'integer' },
        landing: { type: 'integer' },
        seconds: { type: 'integer' },
        corrected: { type: 'boolean' },
      },
    },
  },
};

async function raftRoutes(app, { service }) {
  app.get('/:number/landings/:landing', { schema: arrivalSchema }, async (request, reply) => {
    const { number, landing } = request.params;
    const arrival = await service.arrival(number, landing);
    if (!arrival) return reply.code(404).send({ error: 'no such raft' });
    return arrival;
  });
}

// The raftsmen, in a process of their own: 50 questions a second.
function raftsmen(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 40 });
  let open = 0;
  const ask = () => {
    if (open >= 40) return;
    open += 1;
    const number = Math.floor(Math.random() * RAFTS);
    const landing = STEPS / 2 + Math.floor((Math.random() * STEPS) / 2);
    const path = `/rafts/${number}/landings/${landing}`;
    const asked = http.get({ host: '127.0.0.1', port, agent, path }, (answer) => {
      answer.resume();
      answer.on('close', () => { open -= 1; });
    });
    asked.on('error', () => process.exit());
  };
  process.on('disconnect', () => process.exit());
  setInterval(ask, 20);
}

async function main() {
  const river = new River();
  river.start();
  const service = new RaftService(river, Array.from({ length: RAFTS }, (_, number) => new Raft(number)));
  const app = Fastify({ logger: false });
  app.register(raftRoutes, { prefix: '/rafts', service });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const env = { ...process.env, RAFTSMEN_OF: String(app.server.address().port) };
  fork(__filename, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  console.log(`ready ${process.pid}`);
  setInterval(() => {
    const { rss } = process.memoryUsage();
    console.error(`${service.answered} answers, ${service.corrected} corrections, ${rss >> 20} MB`);
  }, 8000);
}

if (process.env.RAFTSMEN_OF) raftsmen(Number(process.env.RAFTSMEN_OF));
else main();
