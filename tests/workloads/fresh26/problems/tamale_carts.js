// expect: pattern=serial-requests bench
// Live board of a city's tamale carts: an event gateway in front of the services that know the carts.
// A rider's app asks for the board of a quarter; what each cart in it sells now is asked of the carts' service, and
// changes are also sent to the screens in the markets (server-sent events).
//
// Measured: a board takes 133 ms in the median with the problem, 16 ms in the twin.
'use strict';

const { spawn } = require('child_process');
const fs = require('fs');
const path = require('path');
const readline = require('readline');
const fastify = require('fastify');
const { Pool } = require('undici');

const QUARTERS = ['alameda', 'centro', 'doctores', 'juarez', 'roma', 'tepito'];
const CARTS_PER_QUARTER = 10;
const FILLINGS = ['mole', 'rajas', 'verde', 'dulce', 'elote'];

const screens = new Map(QUARTERS.map((quarter) => [quarter, new Set()]));
const lastSeen = new Map();

function cartsOf(quarter) {
  const base = QUARTERS.indexOf(quarter) * CARTS_PER_QUARTER;
  return Array.from({ length: CARTS_PER_QUARTER }, (_, n) => `cart-${base + n}`);
}

class CartService {
  constructor(origin) {
    this.pool = new Pool(origin, { connections: 64, pipelining: 1 });
  }

  async stock(cart) {
    const { statusCode, body } = await this.pool.request({ path: `/carts/${cart}/stock`, method: 'GET' });
    if (statusCode !== 200) {
      await body.dump();
      throw new Error(`${cart}: ${statusCode}`);
    }
    const told = await body.json();
    return { cart, filling: FILLINGS[told.price % FILLINGS.length], left: told.stock, price: told.price / 10 };
  }
}

function tellScreens(quarter, carts) {
  const changed = carts.filter((one) => lastSeen.get(one.cart) !== one.left);
  if (changed.length === 0) return;
  const text = `data: ${JSON.stringify({ quarter, changed })}\n\n`;
  for (const one of changed) lastSeen.set(one.cart, one.left);
  for (const screen of screens.get(quarter)) screen.write(text);
}

async function board(service, quarter) {
  const carts = [];
  for (const cart of cartsOf(quarter)) { // <- cost
    carts.push(await service.stock(cart)); // <- cost
  }
  tellScreens(quarter, carts);
  carts.sort((a, b) => b.left - a.left || a.price - b.price);
  return { quarter, open: carts.filter((one) => one.left > 0).length, carts };
}

function startService(milliseconds) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.env.PYTHON, [process.env.SERVICES, 'http', String(milliseconds)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    readline.createInterface({ input: child.stdout }).once('line', (line) => resolve(Number(line)));
    child.once('error', reject);
  });
}

function sendRiders(port) {
  const clients = path.join(path.dirname(process.env.SERVICES), 'clients.py');
  const paths = QUARTERS.map((quarter) => `/boards/${quarter}`).join(',');
  spawn(process.env.PYTHON, [clients, 'http', String(port), paths, '12', '6'], { stdio: 'ignore' });
}

async function main() {
  const service = new CartService(`http://127.0.0.1:${await startService(12)}`);
  const app = fastify({ logger: false });
  const taken = [];

  app.addHook('onResponse', async (request, reply) => {
    taken.push(reply.elapsedTime);
    if (taken.length > 100) taken.shift();
  });

  app.get('/boards/:quarter', async (request, reply) => {
    const { quarter } = request.params;
    if (!screens.has(quarter)) return reply.code(404).send({ error: 'no such quarter' });
    return board(service, quarter);
  });

  app.get('/screens/:quarter', (request, reply) => {
    const lines = screens.get(request.params.quarter);
    if (!lines) {
      reply.code(404).send({ error: 'no such quarter' });
      return;
    }
    reply.hijack();
    reply.raw.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
    lines.add(reply.raw);
    request.raw.once('close', () => lines.delete(reply.raw));
  });

  await app.listen({ port: 0, host: '127.0.0.1' });
  sendRiders(app.server.address().port);

  setInterval(() => {
    const sorted = [...taken].sort((a, b) => a - b);
    const median = sorted.length ? sorted[sorted.length >> 1] : 0;
    fs.writeFile('boards.txt', `median ${median.toFixed(0)} ms\n`, () => {});
  }, 3000);
  setTimeout(() => console.log(`ready ${process.pid}`), 2000);
}

main();
