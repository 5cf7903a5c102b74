// expect: pattern=hot-loop bench
// A haberdasher's sorting table: old buttons are strewn on a tray, the camera over it finds each (size in lignes,
// shade, number of holes, where it lies), and this service tells which four go onto a card together, and which stay
// single.
//
// Fastify with schemas; the trays are not kept, only how many cards of each size were made.
//
// Measured: 12 trays a second in both, 28.7 ms each and 0.33 of a core; in the twin 5.1 ms and 0.04.
'use strict';

const { spawnSync } = require('child_process');
const http = require('http');

const CARD = 4;
const TRAYS_A_SECOND = 12;
const LIGNES = [14, 16, 18, 20, 22, 24, 28, 32];
const SHADES = ['bone', 'jet', 'horn', 'pearl', 'moss', 'rust', 'slate', 'plum', 'teal', 'sand', 'ruby', 'ink'];
const MATERIALS = ['casein', 'corozo', 'glass', 'brass', 'shell'];
const PRICE = { casein: 12, corozo: 25, glass: 40, brass: 35, shell: 60 };

// ---- sorting

function alike(button, other) {
  return ( // <- cost
    button.ligne === other.ligne && // <- cost
    button.shade === other.shade && // <- cost
    button.holes === other.holes && // <- cost
    button.material === other.material // <- cost
  );
}

function placeIntoSets(buttons) {
  const placed = new Set();
  const sets = [];
  for (const button of buttons) {
    if (placed.has(button.id)) continue;
    const others = buttons.filter((other) => !placed.has(other.id) && alike(button, other)); // <- cost
    const set = others.slice(0, CARD);
    for (const one of set) placed.add(one.id);
    sets.push(set);
  }
  return sets;
}

// The arm picks up the buttons of a card one after the other: always the nearest next, from the corner of the tray.
function pickingOrder(set) {
  const left = set.slice();
  const order = [];
  let at = { x: 0, y: 0 };
  let way = 0;
  while (left.length) {
    let nearest = 0;
    let least = Infinity;
    for (let n = 0; n < left.length; n++) {
      const distance = Math.hypot(left[n].x - at.x, left[n].y - at.y);
      if (distance < least) {
        least = distance;
        nearest = n;
      }
    }
    [at] = left.splice(nearest, 1);
    way += least;
    order.push(at.id);
  }
  return { order, way: Math.round(way) };
}

function priceOf(button) {
  const bySize = 1 + (button.ligne - LIGNES[0]) / 20;
  return Math.round(CARD * PRICE[button.material] * bySize * (button.holes === 4 ? 1.1 : 1));
}

function sortTray(tray) {
  const cards = [];
  let singles = 0;
  for (const set of placeIntoSets(tray.buttons)) {
    if (set.length < CARD) {
      singles += set.length;
      continue;
    }
    const { ligne, shade, material } = set[0];
    cards.push({ ligne, shade, material, cents: priceOf(set[0]), ...pickingOrder(set) });
  }
  return { tray: tray.tray, cards, singles };
}

class Ledger {
  constructor() {
    this.made = new Map(LIGNES.map((ligne) => [ligne, { cards: 0, cents: 0 }]));
    this.trays = 0;
  }

  enter(sorted) {
    this.trays++;
    for (const { ligne, cents } of sorted.cards) {
      const row = this.made.get(ligne);
      row.cards++;
      row.cents += cents;
    }
  }

  sheet() {
    return { trays: this.trays, sizes: [...this.made].map(([ligne, row]) => ({ ligne, ...row })) };
  }
}

// ---- application

const buttonSchema = {
  type: 'object',
  required: ['id', 'ligne', 'shade', 'holes', 'material', 'x', 'y'],
  properties: {
    id: { type: 'integer' },
    ligne: { type: 'integer', enum: LIGNES },
    shade: { type: 'string', enum: SHADES },
    holes: { type: 'integer', minimum: 0, maximum: 4 },
    material: { type: 'string', enum: MATERIALS },
    x: { type: 'number' },
    y: { type: 'number' },
  },
};

const traySchema = {
  body: {
    type: 'object',
    required: ['tray', 'buttons'],
    properties: {
      tray: { type: 'integer' },
      buttons: { type: 'array', maxItems: 4000, items: buttonSchema },
    },
  },
};

async function trayRoutes(fastify) {
  const ledger = new Ledger();
  fastify.post('/', { schema: traySchema }, async (request) => {
    const sorted = sortTray(request.body);
    ledger.enter(sorted);
    return sorted;
  });
  fastify.get('/ledger', async () => ledger.sheet());
}

function application() {
  const fastify = require('fastify')({ logger: false });
  fastify.register(trayRoutes, { prefix: '/trays' });
  fastify.setErrorHandler((error, request, reply) => {
    const status = error.validation ? 400 : 500;
    reply.code(status).send({ error: error.message });
  });
  return fastify;
}

// ---- the camera, in a process of its own

function strewn(tray) {
  let seed = 7 + tray * 7919;
  const any = (number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return (seed >> 8) % number;
  };
  const buttons = Array.from({ length: 2000 }, (_, id) => ({
    id: tray * 10000 + id,
    ligne: LIGNES[any(LIGNES.length)],
    shade: SHADES[any(SHADES.length)],
    holes: any(2) ? 4 : 2,
    material: MATERIALS[any(3)],
    x: any(6000) / 10,
    y: any(4000) / 10,
  }));
  return JSON.stringify({ tray, buttons });
}

function camera(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
  const trays = Array.from({ length: 24 }, (_, tray) => strewn(tray));
  const sums = { answered: 0, waited: 0, failed: 0 };
  let turn = 0;
  let open = 0;
  const ask = (method, path, body) => {
    if (open >= 4) return;
    open++;
    const from = performance.now();
    const headers = body ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } : {};
    const request = http.request({ host: '127.0.0.1', port, agent, method, path, headers }, (response) => {
      response.resume().on('end', () => {
        open--;
        if (response.statusCode !== 200) sums.failed++;
        sums.answered++;
        sums.waited += performance.now() - from;
      });
    });
    request.on('error', () => open--);
    request.end(body);
  };
  setInterval(() => ask('POST', '/trays', trays[turn++ % trays.length]), 1000 / TRAYS_A_SECOND);
  setInterval(() => ask('GET', '/trays/ledger'), 2000);
  if (process.env.REPORT) {
    setInterval(() => {
      const each = (sums.waited / sums.answered).toFixed(1);
      console.error(`${sums.answered} answered (${sums.failed} failed), ${each} ms each`);
    }, 4000);
  }
}

async function main() {
  const app = application();
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address();
  const env = { ...process.env, LOAD_PORT: String(port) };
  const start = '"$0" "$1" >/dev/null 2>>"${REPORT:-/dev/null}" &';
  spawnSync('sh', ['-c', start, process.execPath, __filename], { env, stdio: 'ignore' });
  setTimeout(() => console.log(`ready ${process.pid}`), 1500);
}

if (process.env.LOAD_PORT) camera(Number(process.env.LOAD_PORT));
else main();
