// expect: healthy bench
// The direct messages of a network of petticoat sewers: a server under load. Conversations are lists in Redis; a page
// shows the newest messages and marks the conversation as read, an inbox the newest line of each conversation.
// fastify with response schemas, ioredis with pipelines.

'use strict';

const { execFileSync, spawn } = require('node:child_process');
const path = require('node:path');
const fastify = require('fastify');
const Redis = require('ioredis');

const MEMBERS = 300;
const CONVERSATIONS = 12; // of each member
const KEPT = 200;
const PAGE = 25;

const python = process.env.PYTHON;
const services = process.env.SERVICES;

function startRedis() {
  const told = execFileSync(python, [services, 'redis'], { stdio: ['ignore', 'pipe', 'inherit'] });
  return Number(told.toString().trim());
}

function startMembers(port) {
  const paths = [];
  for (let n = 0; n < 60; n++) {
    const member = (n * 17) % MEMBERS;
    const other = (member + 1 + (n % CONVERSATIONS)) % MEMBERS;
    paths.push(`/members/${member}/inbox`, `/members/${member}/with/${other}`, `/members/${member}/with/${other}`);
  }
  const words = [path.join(path.dirname(services), 'clients.py'), 'http', String(port), paths.join(','), '250', '10'];
  spawn(python, words, { stdio: 'ignore' });
}

const redis = new Redis({ port: startRedis(), host: '127.0.0.1', lazyConnect: true });

const conversation = (one, other) => (one < other ? `letters:${one}:${other}` : `letters:${other}:${one}`);
const unreadOf = (member) => `unread:${member}`;

const partners = Array.from({ length: MEMBERS }, (_, member) => {
  const known = [];
  for (let step = 1; step <= CONVERSATIONS / 2; step++) {
    known.push((member + step) % MEMBERS, (member - step + MEMBERS) % MEMBERS);
  }
  return known;
});

let written = 0;

function writeLetter(batch, from, to) {
  const number = written++;
  const letter = `${from}|${Date.now()}|the hem of number ${number} has nine yards of broderie`;
  const key = conversation(from, to);
  batch.lpush(key, letter);
  batch.ltrim(key, 0, KEPT - 1);
  batch.hincrby(unreadOf(to), String(from), 1);
}

async function writeLetters(number) {
  const batch = redis.pipeline();
  for (let n = 0; n < number; n++) {
    const from = (written * 7) % MEMBERS;
    writeLetter(batch, from, partners[from][written % CONVERSATIONS]);
  }
  await batch.exec();
}

function shown(letter) {
  const first = letter.indexOf('|');
  const second = letter.indexOf('|', first + 1);
  return {
    from: Number(letter.slice(0, first)),
    at: Number(letter.slice(first + 1, second)),
    text: letter.slice(second + 1),
  };
}

const letterSchema = {
  type: 'object',
  properties: { from: { type: 'integer' }, at: { type: 'integer' }, text: { type: 'string' } },
};

const params = {
  type: 'object',
  properties: {
    member: { type: 'integer', minimum: 0, maximum: MEMBERS - 1 },
    other: { type: 'integer', minimum: 0, maximum: MEMBERS - 1 },
  },
};

const app = fastify({ logger: false });

const pageSchema = {
  params,
  response: { 200: { type: 'object', properties: { letters: { type: 'array', items: letterSchema } } } },
};

app.get('/members/:member/with/:other', { schema: pageSchema }, async (request) => {
  const { member, other } = request.params;
  const [[failed, letters]] = await redis
    .pipeline()
    .lrange(conversation(member, other), 0, PAGE - 1)
    .hdel(unreadOf(member), String(other))
    .exec();
  if (failed) throw failed;
  return { letters: letters.map(shown) };
});

const inboxSchema = {
  params,
  response: {
    200: {
      type: 'object',
      properties: {
        conversations: {
          type: 'array',
          items: {
            type: 'object',
            properties: { with: { type: 'integer' }, unread: { type: 'integer' }, newest: letterSchema },
          },
        },
      },
    },
  },
};

app.get('/members/:member/inbox', { schema: inboxSchema }, async (request) => {
  const { member } = request.params;
  const batch = redis.pipeline().hgetall(unreadOf(member));
  for (const other of partners[member]) batch.lindex(conversation(member, other), 0);
  const [[failed, unread], ...newest] = await batch.exec();
  if (failed) throw failed;
  const conversations = [];
  partners[member].forEach((other, at) => {
    const letter = newest[at][1];
    if (letter) conversations.push({ with: other, unread: Number(unread[other] ?? 0), newest: shown(letter) });
  });
  conversations.sort((a, b) => b.newest.at - a.newest.at);
  return { conversations };
});

async function main() {
  await redis.connect();
  for (let n = 0; n < 60; n++) await writeLetters(1000);
  setInterval(() => {
    writeLetters(20).catch((error) => console.error('letters', error.message));
  }, 500);
  await app.listen({ port: 0, host: '127.0.0.1' });
  startMembers(app.server.address().port);
  setTimeout(() => console.log(`ready ${process.pid}`), 2000);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
