// expect: pattern=serialization-overhead bench
// The configurator of Black Forest cuckoo clocks: shops put a clock together from a movement, a melody, a front and its
// carvings, in a finish, and ask for a quote. Each shop has terms of its own (rebates for groups of parts), which are
// worked into the parts before the quote is added up; the workshops change prices and stock now and then.
//
// Measured: 32 % of a core for some 90 quotes a second; in the twin 7 %.
'use strict';

const { spawn } = require('child_process');
const fastify = require('fastify');
const http = require('http');

const GROUPS = { movement: 60, melody: 50, front: 90, carving: 220 };
const FINISHES = ['waxed', 'oiled', 'walnut', 'smoked', 'painted', 'gilded'];
const TOWNS = ['Triberg', 'Schonach', 'Furtwangen', 'Titisee', 'Villingen'];
const SHOPS = 30;

// ---- the catalogue

function partOf(group, number) {
  const finishes = {};
  FINISHES.forEach((finish, at) => {
    finishes[finish] = { surcharge: ((number * 13 + at * 29) % 40) * 1.5, days: at + (number % 4), reserved: false };
  });
  return {
    code: `${group}-${number}`,
    group,
    title: `${group} no. ${number} after a pattern of ${1850 + (number % 70)}`,
    workshop: { town: TOWNS[number % TOWNS.length], carver: `carver ${number % 17}`, phone: `07722 ${4000 + number}` },
    price: 20 + ((number * 37) % 180),
    stock: 40 + (number % 25),
    millimetres: [60 + (number % 90), 40 + (number % 50), 12 + (number % 20)],
    finishes,
  };
}

class Catalogue {
  constructor() {
    const parts = {};
    for (const [group, count] of Object.entries(GROUPS)) {
      for (let n = 0; n < count; n++) parts[`${group}-${n}`] = partOf(group, n);
    }
    this.current = { edition: 1, parts };
  }

  find(code) {
    return this.current.parts[code];
  }

  change(code, change) {
    const part = this.find(code);
    if (!part) return null;
    if (change.price !== undefined) part.price = change.price;
    if (change.stock !== undefined) part.stock = change.stock;
    this.current.edition++;
    return part;
  }
}

// ---- terms of the shops

class Terms {
  constructor() {
    this.ofShop = new Map();
    for (let shop = 0; shop < SHOPS; shop++) {
      const rebates = Object.keys(GROUPS).map((group, at) => [group, ((shop + at) % 5) * 0.03]);
      this.ofShop.set(shop, { shop, rebates: new Map(rebates), prompt: shop % 3 === 0 });
    }
  }

  of(shop) {
    return this.ofShop.get(shop);
  }

  apply(part, terms) {
    const rebate = terms.rebates.get(part.group) || 0;
    part.price = Math.round(part.price * (1 - rebate) * 100) / 100;
    if (terms.prompt) {
      for (const finish of Object.values(part.finishes)) finish.days = Math.max(1, finish.days - 2);
    }
  }
}

// ---- quotes

const copyOf = (value) => JSON.parse(JSON.stringify(value)); // <- cost

class QuoteDesk {
  constructor(catalogue, terms) {
    this.catalogue = catalogue;
    this.terms = terms;
    this.number = 0;
  }

  /** What this quote may change as it likes: terms and reservations are worked into it. */
  draft() {
    return copyOf(this.catalogue.current); // <- cost
  }

  lines(draft, order, terms) {
    return order.parts.map((code) => {
      const part = draft.parts[code];
      const finish = part.finishes[order.finish];
      this.terms.apply(part, terms);
      finish.reserved = true;
      part.stock -= 1;
      return {
        code,
        title: part.title,
        price: part.price,
        surcharge: finish.surcharge,
        days: finish.days + (part.stock < 0 ? 21 : 0),
        from: part.workshop.town,
      };
    });
  }

  quote(order, terms) {
    const draft = this.draft();
    const lines = this.lines(draft, order, terms);
    const net = lines.reduce((sum, line) => sum + line.price + line.surcharge, 0);
    return {
      number: ++this.number,
      edition: draft.edition,
      lines,
      net: Math.round(net * 100) / 100,
      gross: Math.round(net * 119) / 100,
      ready: Math.max(...lines.map((line) => line.days)) + 3,
    };
  }

  problem(order, terms) {
    if (!terms) return 'no such shop';
    if (!FINISHES.includes(order.finish)) return 'no such finish';
    const missing = order.parts.find((code) => !this.catalogue.find(code));
    return missing ? `no such part: ${missing}` : null;
  }
}

// ---- the application

const ORDER = {
  type: 'object',
  required: ['shop', 'finish', 'parts'],
  properties: {
    shop: { type: 'integer' },
    finish: { type: 'string' },
    parts: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 20 },
  },
};

function application(catalogue, terms) {
  const app = fastify({ keepAliveTimeout: 60000 });
  const desk = new QuoteDesk(catalogue, terms);

  app.post('/quotes', { schema: { body: ORDER } }, async (request, reply) => {
    const order = request.body;
    const agreed = terms.of(order.shop);
    const problem = desk.problem(order, agreed);
    if (problem) return reply.code(422).send({ error: problem });
    return desk.quote(order, agreed);
  });

  app.get('/parts/:code', async (request, reply) => {
    const part = catalogue.find(request.params.code);
    return part || reply.code(404).send({ error: 'no such part' });
  });

  app.put('/parts/:code', async (request, reply) => {
    const part = catalogue.change(request.params.code, request.body);
    if (!part) return reply.code(404).send({ error: 'no such part' });
    return { code: part.code, edition: catalogue.current.edition };
  });
  return app;
}

// ---- shops and workshops, in a process of their own

function shops(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 12 });
  const any = (number) => Math.floor(Math.random() * number);
  const part = (group) => `${group}-${any(GROUPS[group])}`;
  const ask = (method, path, value) => {
    if (Object.keys(agent.requests).length) return; // all lines are busy
    const headers = value ? { 'Content-Type': 'application/json' } : {};
    const asked = { port, host: '127.0.0.1', agent, method, path, headers };
    const request = http.request(asked, (response) => response.resume());
    request.on('error', (error) => error.code === 'ECONNREFUSED' && process.exit());
    request.end(value && JSON.stringify(value));
  };
  setInterval(() => {
    const carvings = Array.from({ length: 1 + any(5) }, () => part('carving'));
    const parts = [part('movement'), part('melody'), part('front'), ...carvings];
    ask('POST', '/quotes', { shop: any(SHOPS), finish: FINISHES[any(6)], parts });
  }, 10);
  setInterval(() => ask('GET', `/parts/${part('front')}`), 50);
  setInterval(() => ask('PUT', `/parts/${part('carving')}`, { price: 30 + any(90), stock: 20 + any(40) }), 1000);
}

async function main() {
  const app = application(new Catalogue(), new Terms());
  await app.listen({ port: 0, host: '127.0.0.1' });
  const words = [process.execPath, __filename, String(app.server.address().port)];
  spawn('sh', ['-c', '"$0" "$1" "$2" >/dev/null 2>&1 &', ...words], { stdio: 'ignore' });
  setTimeout(() => console.log(`ready ${process.pid}`), 2000);
}

if (process.argv[2]) shops(Number(process.argv[2]));
else main();
