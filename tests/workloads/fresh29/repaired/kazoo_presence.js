// expect: healthy bench
// The presence service of a messenger for kazoo bands: who of my friends is online, on which device, and in which
// rehearsal room. Phones refresh their state in Redis with an expiry; friends' lists are asked for over HTTP.
//
// Measured: 50 lists a second: 0.18-0.29 cores and a median of 12 ms; repaired 0.05 cores and 1.3 ms.

'use strict';

const { execFileSync, spawn } = require('node:child_process');
const path = require('node:path');
const fastify = require('fastify');
const Redis = require('ioredis');

const MEMBERS = 3000;
const FRIENDS = 150;
const TTL = 90;
const ROOMS = ['attic', 'garage', 'bandstand', 'crypt', 'boathouse'];
const DEVICES = ['phone', 'tablet', 'web'];

const python = process.env.PYTHON;
const services = process.env.SERVICES;
const helpers = path.dirname(services);

function startRedis() {
  const told = execFileSync(python, [services, 'redis'], { stdio: ['ignore', 'pipe', 'inherit'] });
  return Number(told.toString().trim());
}

function startPhones(port) {
  const paths = Array.from({ length: 200 }, (_, n) => `/members/${n * 13 + 1}/friends`).join(',');
  spawn(python, [path.join(helpers, 'clients.py'), 'http', String(port), paths, '50', '6'], { stdio: 'ignore' });
}

const redis = new Redis({ port: startRedis(), host: '127.0.0.1', lazyConnect: true });

// The graph of friends is small; each instance holds it.
const friends = new Map();
for (let member = 0; member < MEMBERS; member++) {
  const known = new Set();
  for (let step = 1; known.size < FRIENDS; step++) {
    known.add((member + step * step * 7 + step) % MEMBERS);
    known.delete(member);
  }
  friends.set(member, [...known]);
}

const presenceKey = (member) => `presence:${member}`;

function stateOf(member, now) {
  return JSON.stringify({
    device: DEVICES[(member + now) % DEVICES.length],
    room: ROOMS[(member * 7 + now) % ROOMS.length],
    since: now - (member % 600),
  });
}

// Phones that say that they are still there, a handful at a time.
let nextBeat = 0;

async function heartbeats(number) {
  const now = Math.floor(Date.now() / 1000);
  const batch = redis.pipeline();
  for (let n = 0; n < number; n++) {
    const member = nextBeat++ % MEMBERS;
    if (member % 3 !== 0) batch.set(presenceKey(member), stateOf(member, now), 'EX', TTL);
  }
  await batch.exec();
}

async function onlineFriends(member) {
  const online = [];
  const known = friends.get(member);
  const states = await redis.mget(known.map(presenceKey));
  for (const [at, friend] of known.entries()) {
    const state = states[at];
    if (state !== null) {
      const { device, room, since } = JSON.parse(state);
      online.push({ member: friend, device, room, since });
    }
  }
  return online;
}

const app = fastify({ logger: false });

app.get('/members/:member/friends', async (request, reply) => {
  const member = Number(request.params.member);
  if (!friends.has(member)) {
    return reply.code(404).send({ error: 'no such member' });
  }
  const online = await onlineFriends(member);
  online.sort((a, b) => b.since - a.since);
  return { member, known: friends.get(member).length, online };
});

app.get('/health', async () => ({ redis: redis.status }));

async function main() {
  await redis.connect();
  await heartbeats(MEMBERS);
  setInterval(() => {
    heartbeats(100).catch((error) => console.error('heartbeats', error.message));
  }, 2000);
  await app.listen({ port: 0, host: '127.0.0.1' });
  startPhones(app.server.address().port);
  setTimeout(() => console.log(`ready ${process.pid}`), 1500);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
