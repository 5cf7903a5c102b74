// expect: pattern=memory-growth bench
// Riddle tables of the party game "Djinn Riddles": each call plays one round at a table (all its guests answer), ten
// rounds are a match; ended matches count for the standings, and a match can be looked at again under /matches/ID.
// Measured: memory grows by 1.9 MB/s (104 MB at ready, 162 MB 30 s later); with the twin it stays at 90 to 93 MB.
'use strict';
const path = require('path');
const { execFileSync } = require('child_process');
const fastify = require('fastify');

const TABLES = 12;
const GUESTS = 8;
const ROUNDS = 10;
const ROUNDS_PER_SECOND = 400;

const RIDDLES = Array.from({ length: 400 }, (_, n) => ({
  number: n,
  text: `What has ${2 + (n % 7)} mouths and drinks ${n % 11} rivers, yet is thirsty?`,
  answers: ['lamp', 'dune', 'well', 'mirage'].map((word, i) => `${word}-${(n * 13 + i) % 97}`),
  right: n % 4,
}));

class Match {
  constructor(id, table) {
    this.id = id;
    this.table = table;
    this.openedAt = Date.now();
    this.endedAt = null;
    this.rounds = [];
    this.points = new Array(GUESTS).fill(0);
  }

  play(riddle) {
    const answers = [];
    for (let guest = 0; guest < GUESTS; guest++) {
      const choice = Math.floor(Math.random() * 4);
      const after = 400 + Math.floor(Math.random() * 9000);
      const right = choice === riddle.right;
      const hesitations = [];
      for (let at = 300; at < after; at += 900) {
        hesitations.push({ at, over: Math.floor(Math.random() * 4), certainty: Math.random() }); // <- cost
      }
      if (right) this.points[guest] += 10000 - after;
      answers.push({ guest, choice, after, right, hesitations }); // <- cost
    }
    this.rounds.push({ riddle: riddle.number, playedAt: Date.now(), answers }); // <- cost
    return answers;
  }

  get over() {
    return this.rounds.length >= ROUNDS;
  }
}

class House {
  constructor() {
    this.matches = new Map();
    this.tables = new Array(TABLES).fill(null);
    this.standings = new Map();
    this.ended = 0;
    this.nextId = 1;
  }

  matchAt(table) {
    let match = this.tables[table];
    if (!match) {
      match = new Match(this.nextId++, table);
      this.tables[table] = match;
      this.matches.set(match.id, match); // <- cost
    }
    return match;
  }

  round(table) {
    const match = this.matchAt(table);
    const riddle = RIDDLES[Math.floor(Math.random() * RIDDLES.length)];
    const answers = match.play(riddle); // <- cost
    if (match.over) this.finish(match);
    return {
      match: match.id,
      round: match.rounds.length,
      riddle: riddle.text,
      right: answers.filter((answer) => answer.right).map((answer) => answer.guest),
    };
  }

  finish(match) {
    match.endedAt = Date.now();
    this.ended++;
    this.tables[match.table] = null;
    match.points.forEach((points, guest) => {
      const name = `guest-${match.table}-${guest}`;
      this.standings.set(name, (this.standings.get(name) || 0) + points);
    });
  }

  leaders(count) {
    return [...this.standings]
      .sort((a, b) => b[1] - a[1])
      .slice(0, count)
      .map(([name, points]) => ({ name, points }));
  }
}

// Some matches before the doors open, so that the first guests don't wait for the compiler.
function rehearse(matches) {
  for (let n = 0; n < matches; n++) {
    const match = new Match(0, 0);
    while (!match.over) match.play(RIDDLES[(n + match.rounds.length) % RIDDLES.length]);
  }
}

async function main() {
  rehearse(3000);
  const house = new House();
  const app = fastify();

  app.get('/tables/:table/round', async (request, reply) => {
    const table = Number(request.params.table);
    if (!(table >= 0 && table < TABLES)) return reply.code(404).send({ error: 'no such table' });
    return house.round(table);
  });

  app.get('/matches/:id', async (request, reply) => {
    const match = house.matches.get(Number(request.params.id));
    if (!match) return reply.code(404).send({ error: 'no such match' });
    return { id: match.id, table: match.table, endedAt: match.endedAt, points: match.points, rounds: match.rounds };
  });

  app.get('/leaders', async () => ({ ended: house.ended, leaders: house.leaders(20) }));

  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address();
  const clients = path.join(path.dirname(process.env.SERVICES), 'clients.py');
  const paths = Array.from({ length: TABLES }, (_, table) => `/tables/${table}/round`);
  execFileSync(process.env.PYTHON, [clients, 'http', String(port), paths.join(','), String(ROUNDS_PER_SECOND), '8'], {
    stdio: 'ignore',
  });
  setTimeout(() => process.stdout.write(`ready ${process.pid}\n`), 12000);
}

main();
