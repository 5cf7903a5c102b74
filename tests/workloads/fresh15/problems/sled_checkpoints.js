// expect: pattern=serial-requests bench
// Follows a sled dog race: who opens the page of a team gets its way over the checkpoints: when it came in, how many
// dogs left again, and what the vets noted. Each checkpoint keeps its own log and answers for itself.
//
// Measured: a page in 150 ms (nine of ten within 150 to 187), in the twin in 17 ms (18 to 28); 10 pages and 110 logs a
// second in both; CPU 9 % of a core, in the twin 5 %.
'use strict';

const { fork, spawn } = require('child_process');
const http = require('http');

const CHECKPOINTS = [
  'yentna', 'skwentna', 'finger-lake', 'rainy-pass', 'rohn', 'nikolai', 'mcgrath', 'takotna', 'ophir',
  'cripple', 'ruby',
];
const TEAMS = 40;

// ---- the spectators: a process of their own ----

function spectators(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const waits = [];
  let turn = 0;
  setInterval(() => {
    turn++;
    const began = process.hrtime.bigint();
    http.get({ port, host: '127.0.0.1', path: `/teams/${(turn * 7) % TEAMS}`, agent }, (answer) => {
      answer.resume();
      answer.on('end', () => waits.push(Number(process.hrtime.bigint() - began) / 1e6));
    }).on('error', () => {});
  }, 100);
  setInterval(() => {
    const sorted = waits.splice(0).sort((a, b) => a - b);
    if (!process.env.FIGURES || !sorted.length) return;
    const at = (part) => sorted[Math.floor(sorted.length * part)].toFixed(0);
    console.error(`${sorted.length} pages, half within ${at(0.5)} ms, nine of ten within ${at(0.9)} ms`);
  }, 5000);
}

// ---- the logs of the checkpoints ----

class CheckpointLogs {
  constructor(port) {
    this.port = port;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 64, maxFreeSockets: 64 });
    this.asked = 0;
  }

  entry(checkpoint, team) {
    this.asked++;
    const path = `/checkpoints/${checkpoint}/teams/${team}`;
    return new Promise((resolve, reject) => {
      const request = http.get({ host: '127.0.0.1', port: this.port, path, agent: this.agent }, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => {
          if (answer.statusCode !== 200) reject(new Error(`${checkpoint}: ${answer.statusCode}`));
          else resolve(JSON.parse(Buffer.concat(parts).toString()));
        });
      });
      request.setTimeout(5000, () => request.destroy(new Error(`${checkpoint}: no answer`)));
      request.on('error', reject);
    });
  }
}

// ---- the way of a team ----

/** A team at a checkpoint, as its log has it. */
class Stop {
  constructor(checkpoint, log) {
    this.checkpoint = checkpoint;
    this.minutes = 200 + (log.price % 240);
    this.dogs = 14 - (log.stock % 4);
    this.note = log.stock > 9 ? 'vet: rest advised' : '';
  }
}

class Trail {
  constructor(checkpoints) {
    this.checkpoints = checkpoints;
  }

  /** What `visit` gives for each checkpoint, in the order of the trail. */
  async along(visit) {
    const seen = [];
    for (const checkpoint of this.checkpoints) {
      seen.push(await visit(checkpoint)); // <- cost
    }
    return seen;
  }
}

class Follower {
  constructor(trail, logs) {
    this.trail = trail;
    this.logs = logs;
  }

  async stops(team) {
    return this.trail.along(async (checkpoint) => {
      const log = await this.logs.entry(checkpoint, team); // <- cost
      return new Stop(checkpoint, log);
    });
  }

  async page(team) {
    const stops = await this.stops(team);
    let clock = 0;
    let dogs = 14;
    const lines = [];
    for (const stop of stops) {
      clock += stop.minutes;
      dogs = Math.min(dogs, stop.dogs);
      lines.push({ checkpoint: stop.checkpoint, hours: Math.round(clock / 6) / 10, dogs, note: stop.note });
    }
    return { team, hours: Math.round(clock / 6) / 10, dogs, lines };
  }
}

// ---- the desk ----

async function answer(follower, request, response) {
  const [, kind, word] = request.url.split('/');
  const team = Number(word);
  let status = 404;
  let body = {};
  if (kind === 'teams' && team >= 0 && team < TEAMS) {
    try {
      body = await follower.page(team);
      status = 200;
    } catch (error) {
      status = 502;
      body = { error: error.message };
    }
  }
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** The logs' server: answers after 12 ms; its port. */
function logServer() {
  return new Promise((resolve, reject) => {
    const words = [process.env.SERVICES, 'http', '12'];
    const service = spawn(process.env.PYTHON, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let told = '';
    service.stdout.on('data', (part) => { told += part; });
    service.stdout.on('end', () => resolve(Number(told)));
    service.on('error', reject);
  });
}

async function main() {
  const logs = new CheckpointLogs(await logServer());
  const follower = new Follower(new Trail(CHECKPOINTS), logs);
  const server = http.createServer((request, response) => {
    answer(follower, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1', () => {
    const words = ['spectators', String(server.address().port)];
    fork(__filename, words, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    console.log(`ready ${process.pid}`);
  });
  if (process.env.FIGURES) setInterval(() => console.error(`${logs.asked} logs asked`), 5000);
}

if (process.argv[2] === 'spectators') {
  process.on('disconnect', () => process.exit());
  spectators(Number(process.argv[3]));
} else {
  main();
}
