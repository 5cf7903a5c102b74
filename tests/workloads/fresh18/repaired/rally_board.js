// bench: repaired twin of rally_board
// Spectators of a rally ask for the line of one crew: place, gap, times of the special stages. The timing office puts
// the board of the whole field into Redis every two seconds; this Fastify service answers from there.
// Measured: CPU 0.4 ms for each answer, 117 a second.
'use strict';
const { execFileSync } = require('node:child_process');
const fastify = require('fastify');
const Redis = require('ioredis');

const { PYTHON, SERVICES } = process.env;
const CREWS = 170;
const STAGES = 18;
const BOARD_KEY = 'rally:board'; // a hash: bib to the line of that crew

function startList() {
  const classes = ['RC2', 'RC3', 'RC4', 'RC5', 'RGT'];
  return Array.from({ length: CREWS }, (_, index) => ({
    bib: index + 1,
    driver: `Driver ${index + 1}`,
    codriver: `Co-driver ${index + 1}`,
    car: classes[index % classes.length],
    stages: [],
    penalties: [],
  }));
}

/** The timing office: knows all the times and publishes the board. */
class TimingOffice {
  constructor(redis) {
    this.redis = redis;
    this.crews = startList();
    for (const crew of this.crews) {
      for (let stage = 1; stage <= STAGES; stage++) crew.stages.push(this.run(crew, stage));
    }
  }

  run(crew, stage) {
    const time = 400 + ((crew.bib * 37 + stage * 91) % 160) + Math.random() * 4;
    return {
      stage,
      start: `${9 + (stage >> 1)}:${String(crew.bib % 60).padStart(2, '0')}:00`,
      splits: [0.22, 0.48, 0.71, 1].map((part) => Number((time * part).toFixed(1))),
      time: Number(time.toFixed(1)),
      tyres: stage % 3 ? 'soft' : 'hard',
    };
  }

  async publish() {
    const stage = Math.floor(Math.random() * STAGES);
    for (const crew of this.crews) {
      if (Math.random() < 0.2) crew.stages[stage] = this.run(crew, stage + 1);
      crew.total = crew.stages.reduce((sum, run) => sum + run.time, 0);
    }
    this.crews.sort((a, b) => a.total - b.total);
    const leader = this.crews[0].total;
    this.crews.forEach((crew, index) => {
      crew.place = index + 1;
      crew.gap = Number((crew.total - leader).toFixed(1));
    });
    const lines = this.crews.map((crew) => [crew.bib, JSON.stringify(crew)]);
    await this.redis.hset(BOARD_KEY, new Map(lines));
  }
}

class Board {
  constructor(redis) {
    this.redis = redis;
  }

  async crew(bib) {
    const line = await this.redis.hget(BOARD_KEY, bib);
    return line === null ? undefined : JSON.parse(line);
  }
}

const lineSchema = {
  response: {
    200: {
      type: 'object',
      properties: {
        bib: { type: 'integer' },
        driver: { type: 'string' },
        codriver: { type: 'string' },
        place: { type: 'integer' },
        gap: { type: 'number' },
        times: { type: 'array', items: { type: 'number' } },
      },
    },
  },
};

function build(board, tally) {
  const app = fastify({ logger: false });
  app.get('/crews/:bib', { schema: lineSchema }, async (request, reply) => {
    const began = performance.now();
    const crew = await board.crew(Number(request.params.bib));
    if (!crew) return reply.code(404).send();
    tally.answers += 1;
    tally.millis += performance.now() - began;
    const times = crew.stages.map((run) => run.time);
    return { bib: crew.bib, driver: crew.driver, codriver: crew.codriver, place: crew.place, gap: crew.gap, times };
  });
  return app;
}

const spectators = `
import os, sys
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import customers
customers(int(sys.argv[1]), ["/crews/%d" % bib for bib in range(1, ${CREWS} + 1)], 12, pause=0.1)
`;

async function main() {
  const redisPort = Number(execFileSync(PYTHON, [SERVICES, 'redis'], { stdio: ['ignore', 'pipe', 'ignore'] }));
  const redis = new Redis({ host: '127.0.0.1', port: redisPort });
  const office = new TimingOffice(new Redis({ host: '127.0.0.1', port: redisPort }));
  await office.publish();
  setInterval(() => office.publish(), 2000);

  const tally = { answers: 0, millis: 0 };
  const app = build(new Board(redis), tally);
  await app.listen({ host: '127.0.0.1', port: 0 });
  for (let round = 0, until = Date.now() + 6000; Date.now() < until; round++) {
    await app.inject({ url: `/crews/${(round % CREWS) + 1}` });
    if (round % 50 === 0) await office.publish();
  }
  tally.answers = tally.millis = 0;
  const { port } = app.server.address();
  execFileSync(PYTHON, ['-c', spectators, String(port)], { stdio: 'ignore' });
  setTimeout(() => process.stdout.write('ready\n'), 3000);

  let before = process.cpuUsage();
  setInterval(() => {
    const used = process.cpuUsage(before);
    before = process.cpuUsage();
    const cpu = (used.user + used.system) / 1000 / tally.answers;
    console.error(`${tally.answers / 4} answers a second, ${(tally.millis / tally.answers).toFixed(2)} ms each, CPU ${cpu.toFixed(2)} ms each`);
    tally.answers = tally.millis = 0;
  }, 4000);
}

main();
