// expect: healthy bench
// Matchmaking of "Pixie Parlours", a parlour game for four: who wants to play is put into the queue of the own strength;
// four of a queue make a table at once, and who waits long is also taken by the queues beside it.
'use strict';
const path = require('path');
const { execFileSync } = require('child_process');
const fastify = require('fastify');

const SEATS = 4;
const WIDTH = 50;
const QUEUES = 60;
const PATIENCE_MS = 1500;
const SWEEP_MS = 500;
const KEPT_TABLES = 500;
const ASKS_PER_SECOND = 220;

class Lobby {
  constructor() {
    this.queues = Array.from({ length: QUEUES }, () => []);
    this.seated = new Map();
    this.tables = [];
    this.nextTable = 1;
    this.waiting = 0;
  }

  queueOf(rating) {
    return Math.min(QUEUES - 1, Math.max(0, Math.floor(rating / WIDTH)));
  }

  join(player, rating, now) {
    const at = this.queueOf(rating);
    const queue = this.queues[at];
    queue.push({ player, rating, since: now });
    this.waiting++;
    if (queue.length >= SEATS) return { table: this.seat(queue.splice(0, SEATS)).id };
    return { queue: at, before: queue.length - 1 };
  }

  seat(guests) {
    this.waiting -= guests.length;
    const table = { id: this.nextTable++, guests: guests.map((guest) => guest.player) };
    for (const guest of guests) this.seated.set(guest.player, table);
    this.tables.push(table);
    if (this.tables.length > KEPT_TABLES) this.clear(this.tables.shift());
    return table;
  }

  clear(table) {
    for (const player of table.guests) {
      if (this.seated.get(player) === table) this.seated.delete(player);
    }
  }

  // Queues hold at most three here, the longest waiting first.
  sweep(now) {
    for (let at = 0; at + 1 < QUEUES; at++) {
      const own = this.queues[at];
      if (!own.length || now - own[0].since < PATIENCE_MS) continue;
      const next = this.queues[at + 1];
      if (own.length + next.length < SEATS) continue;
      const guests = own.splice(0, SEATS);
      guests.push(...next.splice(0, SEATS - guests.length));
      this.seat(guests);
    }
  }
}

const joinSchema = {
  querystring: {
    type: 'object',
    required: ['rating'],
    properties: { rating: { type: 'integer', minimum: 0, maximum: 4000 } },
  },
  response: {
    200: {
      type: 'object',
      properties: { player: { type: 'integer' }, table: { type: 'integer' }, queue: { type: 'integer' }, before: { type: 'integer' } },
    },
  },
};

const seatSchema = {
  response: {
    200: {
      type: 'object',
      properties: { table: { type: 'integer' }, guests: { type: 'array', items: { type: 'integer' } } },
    },
  },
};

async function main() {
  const lobby = new Lobby();
  const app = fastify();
  let players = 0;

  app.get('/join', { schema: joinSchema }, async (request) => {
    const player = ++players;
    return { player, ...lobby.join(player, request.query.rating, Date.now()) };
  });

  app.get('/latest', { schema: seatSchema }, async () => {
    const table = lobby.seated.get(Math.max(1, players - 60));
    return table ? { table: table.id, guests: table.guests } : {};
  });

  app.get('/health', async () => ({ waiting: lobby.waiting, tables: lobby.nextTable - 1 }));

  setInterval(() => lobby.sweep(Date.now()), SWEEP_MS);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address();
  const paths = ['/latest', '/latest', '/latest', '/health'];
  for (let rating = 300; rating < 2800; rating += 130) paths.push(`/join?rating=${rating}`);
  const clients = path.join(path.dirname(process.env.SERVICES), 'clients.py');
  execFileSync(process.env.PYTHON, [clients, 'http', String(port), paths.join(','), String(ASKS_PER_SECOND), '6'], {
    stdio: 'ignore',
  });
  setTimeout(() => process.stdout.write(`ready ${process.pid}\n`), 2000);
}

main();
