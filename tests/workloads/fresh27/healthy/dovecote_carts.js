// expect: healthy bench
// The cart service of a shop for dovecotes and perches: fastify; carts live in Redis as hashes, with an end after two days.
// Customers look, add and take away, 120 times a second in all.
'use strict';

const { execFileSync } = require('node:child_process');
const { dirname, join } = require('node:path');
const fastify = require('fastify');
const Redis = require('ioredis');

const QUIET = { stdio: ['ignore', 'pipe', 'inherit'] };
const python = process.env.PYTHON;
const services = process.env.SERVICES;

const redisPort = Number(execFileSync(python, [services, 'redis'], QUIET).toString());
const redis = new Redis({ host: '127.0.0.1', port: redisPort });

const KEPT = 2 * 24 * 3600;
const ROOFS = ['thatch', 'slate', 'cedar', 'copper'];

/** What the shop sells; small, and loaded once. */
const articles = new Map();
for (let id = 1; id <= 600; id++) {
  articles.set(id, { id, name: `Dovecote ${id} with a roof of ${ROOFS[id % 4]}`, cents: 4500 + ((id * 311) % 60000), holes: 4 + (id % 20) });
}

const keyOf = (customer) => `cart:${customer}`;

function cartFrom(hash) {
  const lines = [];
  let cents = 0;
  for (const [id, count] of Object.entries(hash)) {
    const article = articles.get(Number(id));
    if (!article) {
      continue;
    }
    const pieces = Number(count);
    const sum = article.cents * pieces;
    cents += sum;
    lines.push({ id: article.id, name: article.name, pieces, each: article.cents, cents: sum });
  }
  return { lines, cents };
}

const cartSchema = {
  type: 'object',
  properties: {
    customer: { type: 'integer' },
    cents: { type: 'integer' },
    lines: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          id: { type: 'integer' },
          name: { type: 'string' },
          pieces: { type: 'integer' },
          each: { type: 'integer' },
          cents: { type: 'integer' },
        },
      },
    },
  },
};

const customerOnly = { type: 'object', properties: { customer: { type: 'integer' } } };
const lineParams = { type: 'object', properties: { customer: { type: 'integer' }, article: { type: 'integer' } } };

const app = fastify();

app.get('/carts/:customer', { schema: { params: customerOnly, response: { 200: cartSchema } } }, async (request) => {
  const { customer } = request.params;
  return { customer, ...cartFrom(await redis.hgetall(keyOf(customer))) };
});

/** Change the number of pieces of an article, and answer with the cart as it is then, in one round trip. */
async function change(customer, article, by) {
  const key = keyOf(customer);
  const [[failed, pieces]] = await redis.pipeline().hincrby(key, article, by).expire(key, KEPT).exec();
  if (failed) {
    throw failed;
  }
  if (pieces <= 0) {
    await redis.hdel(key, article);
  }
  return { article, pieces: Math.max(0, pieces) };
}

app.get('/carts/:customer/add/:article', { schema: { params: lineParams } }, async (request, reply) => {
  const { customer, article } = request.params;
  if (!articles.has(article)) {
    return reply.code(404).send({ error: 'no such article' });
  }
  return change(customer, article, 1);
});

app.get('/carts/:customer/take/:article', { schema: { params: lineParams } }, async (request) => {
  const { customer, article } = request.params;
  return change(customer, article, -1);
});

app.get('/health', async () => ({ redis: await redis.ping() }));

async function fill() {
  const filling = redis.pipeline();
  for (let customer = 1; customer <= 300; customer++) {
    for (let at = 0; at < 3 + (customer % 4); at++) {
      filling.hset(keyOf(customer), ((customer * 17 + at * 5) % 600) + 1, 1 + (at % 2));
    }
    filling.expire(keyOf(customer), KEPT);
  }
  await filling.exec();
}

async function main() {
  await fill();
  await app.listen({ port: 0, host: '127.0.0.1' });
  const paths = [];
  for (let customer = 1; customer <= 300; customer++) {
    const article = ((customer * 29) % 600) + 1;
    paths.push(`/carts/${customer}`, `/carts/${customer}`, `/carts/${customer}/add/${article}`, `/carts/${customer}/take/${article}`);
  }
  const clients = join(dirname(services), 'clients.py');
  execFileSync(python, [clients, 'http', String(app.server.address().port), paths.join(','), '120', '6'], QUIET);
  console.log(`ready ${process.pid}`);
}

main();
