// expect: healthy bench
// Tasting rooms of tea brokers: tasters go along a row of cups and post their marks from tablets; each post is answered
// with the sheet of the whole session. The Wi-Fi of the rooms is bad, so tablets post again under the same key, and get
// the answer that got lost; a repeated post must not count twice.
//
// Measured: grows by 2.8 MiB/s (102 -> 159 MiB in 20 s), 11 % of a core; the twin stays at 101 to 109 MiB, 10 %.
'use strict';

const { spawnSync } = require('child_process');
const http = require('http');

const SESSIONS = 24;
const CUPS = 120;
const CRITERIA = ['leaf', 'infusion', 'aroma', 'liquor', 'finish'];
const GARDENS = ['Makaibari', 'Castleton', 'Ambootia', 'Halmari', 'Kanchanjangha', 'Lovers Leap', 'Kericho', 'Nuwara'];
const RATE = 140; // posts a second

// ---- sessions

class Cup {
  constructor(number) {
    this.number = number;
    this.lot = `${GARDENS[number % GARDENS.length]} ${1 + (number % 37)}`;
    this.grade = ['SFTGFOP1', 'FTGFOP', 'TGFOP', 'GBOP'][number % 4];
    this.sums = new Float64Array(CRITERIA.length);
    this.marks = 0;
  }

  mark(values) {
    values.forEach((value, at) => {
      this.sums[at] += value;
    });
    this.marks += 1;
  }

  line() {
    const means = Array.from(this.sums, (sum) => (this.marks ? Math.round((sum / this.marks) * 100) / 100 : null));
    const total = this.marks ? Math.round(means.reduce((sum, mean) => sum + mean, 0) * 10) / 10 : 0;
    const by = Object.fromEntries(CRITERIA.map((name, at) => [name, means[at]]));
    return { cup: this.number, lot: this.lot, grade: this.grade, tasters: this.marks, marks: by, total };
  }
}

class Session {
  constructor(id) {
    this.id = id;
    this.cups = Array.from({ length: CUPS }, (_, n) => new Cup(n + 1));
    this.latest = [];
    this.posts = 0;
  }

  post(taster, cup, marks) {
    this.cups[cup - 1].mark(marks);
    this.posts += 1;
    this.latest.push({ taster, cup, at: Date.now() });
    if (this.latest.length > 40) this.latest.shift();
  }

  sheet() {
    const lines = this.cups.map((cup) => cup.line());
    const ranking = [...lines].sort((a, b) => b.total - a.total || a.cup - b.cup).map((line) => line.cup);
    return { session: this.id, posts: this.posts, best: ranking.slice(0, 10), lines, latest: this.latest };
  }
}

class Room {
  constructor(sessions) {
    this.sessions = new Map(Array.from({ length: sessions }, (_, n) => [n + 1, new Session(n + 1)]));
  }

  session(id) {
    const session = this.sessions.get(id);
    if (!session) throw Object.assign(new Error('no such session'), { statusCode: 404 });
    return session;
  }
}

// ---- answers for posts that come twice

class Replies {
  constructor(most = 128) {
    this.most = most;
    this.byKey = new Map();
    this.replayed = 0;
  }

  find(key) {
    return key === undefined ? undefined : this.byKey.get(key);
  }

  keep(key, statusCode, payload) {
    this.byKey.set(key, { statusCode, payload, at: Date.now() });
    if (this.byKey.size > this.most) this.byKey.delete(this.byKey.keys().next().value);
  }
}

function replayed(scope, replies) {
  scope.addHook('preHandler', async (request, reply) => {
    const known = replies.find(request.headers['idempotency-key']);
    if (!known) return undefined;
    replies.replayed += 1;
    request.isReplay = true;
    reply.code(known.statusCode).header('idempotent-replay', 'true').type('application/json');
    return reply.send(known.payload);
  });
  scope.addHook('onSend', async (request, reply, payload) => {
    const key = request.headers['idempotency-key'];
    if (key !== undefined && !request.isReplay && reply.statusCode < 500) replies.keep(key, reply.statusCode, payload);
    return payload;
  });
}

// ---- the application

const MARKS = {
  type: 'object',
  required: ['taster', 'cup', 'marks'],
  properties: {
    taster: { type: 'string', maxLength: 20 },
    cup: { type: 'integer', minimum: 1, maximum: CUPS },
    marks: {
      type: 'array',
      minItems: CRITERIA.length,
      maxItems: CRITERIA.length,
      items: { type: 'number', minimum: 0, maximum: 10 },
    },
  },
};

function application(room, replies) {
  const app = require('fastify')({ logger: false, keepAliveTimeout: 65000 });
  app.decorateRequest('isReplay', false);

  app.register(async (scope) => {
    replayed(scope, replies);
    scope.post('/sessions/:id/marks', { schema: { body: MARKS } }, async (request, reply) => {
      const session = room.session(Number(request.params.id));
      const { taster, cup, marks } = request.body;
      session.post(taster, cup, marks);
      return reply.code(201).send(session.sheet());
    });
  });

  app.get('/sessions/:id/best', async (request) => {
    const { session, posts, best } = room.session(Number(request.params.id)).sheet();
    return { session, posts, best };
  });
  app.get('/health', async () => ({ sessions: room.sessions.size, replayed: replies.replayed }));
  return app;
}

// ---- the tablets, in a process that is nobody's child

function tablets(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const any = (number) => Math.floor(Math.random() * number);
  let open = 0;
  let misses = 0;
  const ask = (method, path, headers, body) => {
    if (open > 60) return;
    open++;
    const asked = http.request({ host: '127.0.0.1', port, agent, method, path, headers }, (answer) => {
      answer.resume().on('end', () => open--);
    });
    asked.on('error', () => {
      open--;
      if (++misses > 50) process.exit(0);
    });
    asked.end(body);
  };
  const post = (number) => {
    const marks = CRITERIA.map(() => 4 + any(60) / 10);
    const body = JSON.stringify({ taster: `taster ${number % 17}`, cup: 1 + any(CUPS), marks });
    const key = `${process.pid}-${number}`;
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
      'Idempotency-Key': key,
    };
    const path = `/sessions/${1 + (number % SESSIONS)}/marks`;
    ask('POST', path, headers, body);
    if (number % 25 === 0) setTimeout(() => ask('POST', path, headers, body), 300); // its answer got lost
  };
  const begun = performance.now();
  let sent = 0;
  setInterval(() => {
    for (const due = ((performance.now() - begun) / 1000) * RATE; sent < due; sent++) post(sent);
  }, 10);
  setInterval(() => ask('GET', `/sessions/${1 + any(SESSIONS)}/best`, {}), 200);
}

async function main() {
  const replies = new Replies();
  const app = application(new Room(SESSIONS), replies);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const env = { ...process.env, TABLETS_PORT: String(app.server.address().port) };
  spawnSync('sh', ['-c', '"$0" "$1" >/dev/null 2>&1 </dev/null &', process.execPath, __filename], { env });
  setTimeout(() => console.log(`ready ${process.pid}`), 4000);
  if (process.env.REPORT) {
    setInterval(() => console.error(`${replies.byKey.size} kept, ${replies.replayed} replayed`), 5000);
  }
}

if (process.env.TABLETS_PORT) tablets(Number(process.env.TABLETS_PORT));
else main();
