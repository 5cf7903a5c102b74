// expect: pattern=serial-requests bench
/*
 * Search of night-train compartments: the travel site asks this service for a route and a night; it asks the operators
 * for their offers, puts them into the currency of the site, and ranks them.
 *
 * Measured: a search takes 491 ms (median, 6 a second); repaired 65 ms.
 */
const { spawn } = require('node:child_process');
const readline = require('node:readline');
const path = require('node:path');
const fastify = require('fastify');
const { Pool } = require('undici');

const OPERATORS = [
  { code: 'NJ', name: 'Nordlicht Nachtzug', currency: 'EUR', classes: ['seat', 'couchette', 'sleeper'] },
  { code: 'SV', name: 'Svala Natt', currency: 'SEK', classes: ['couchette', 'sleeper'] },
  { code: 'CZ', name: 'Cernà Noc', currency: 'CZK', classes: ['seat', 'sleeper'] },
  { code: 'HU', name: 'Holdfény', currency: 'HUF', classes: ['couchette', 'sleeper', 'suite'] },
  { code: 'PL', name: 'Gwiazda', currency: 'PLN', classes: ['seat', 'couchette'] },
  { code: 'CH', name: 'Mondschein', currency: 'CHF', classes: ['sleeper', 'suite'] },
  { code: 'DK', name: 'Månerejser', currency: 'DKK', classes: ['couchette'] },
  { code: 'TR', name: 'Ay Ekspresi', currency: 'TRY', classes: ['couchette', 'sleeper'] },
];
const PER_EURO = { EUR: 1, SEK: 11.3, CZK: 24.9, HUF: 391, PLN: 4.27, CHF: 0.94, DKK: 7.46, TRY: 44.8 };
const CLASS_WEIGHT = { seat: 0.4, couchette: 0.7, sleeper: 1, suite: 1.6 };
const ROUTES = ['BER-ZRH', 'STO-HAM', 'PRG-BUD', 'WAW-VIE', 'CPH-BRU', 'IST-BUH'];
const SEARCHES_A_SECOND = 6;

const statistics = { searches: 0, offers: 0, failed: 0 };

function gateway(port) {
  return new Pool(`http://127.0.0.1:${port}`, { connections: 40, pipelining: 1 });
}

async function quotes(partners, operator, route, night) {
  const { statusCode, body } = await partners.request({ // <- cost
    method: 'GET',
    path: `/${operator.code}/offers?route=${route}&night=${night}`,
    headersTimeout: 5000,
  });
  if (statusCode !== 200) {
    await body.dump();
    throw new Error(`${operator.code} said ${statusCode}`);
  }
  return body.json();
}

function toOffers(operator, quote) {
  const base = (quote.price + 250) / 10;
  return operator.classes.map((compartment, index) => {
    const local = base * (1 + index * 0.45) * PER_EURO[operator.currency];
    return {
      operator: operator.name,
      code: operator.code,
      compartment,
      euros: Math.round((local / PER_EURO[operator.currency]) * 100) / 100,
      local: `${local.toFixed(2)} ${operator.currency}`,
      left: quote.stock + index,
    };
  });
}

async function collect(partners, route, night) {
  const offers = [];
  const missing = [];
  for (const operator of OPERATORS) { // <- cost
    try {
      const quote = await quotes(partners, operator, route, night); // <- cost
      offers.push(...toOffers(operator, quote));
    } catch (error) {
      missing.push(operator.code);
    }
  }
  return { offers, missing };
}

function score(offer) {
  const scarcity = offer.left === 0 ? 1000 : 1 / offer.left;
  return offer.euros / CLASS_WEIGHT[offer.compartment] + scarcity;
}

function rank(offers) {
  return offers
    .filter((offer) => offer.left > 0)
    .map((offer) => ({ ...offer, score: score(offer) }))
    .sort((one, other) => one.score - other.score)
    .slice(0, 12)
    .map(({ score: _, ...offer }) => offer);
}

function service(partners) {
  const app = fastify({ logger: false });
  const checked = {
    schema: {
      querystring: {
        type: 'object',
        required: ['route', 'night'],
        properties: { route: { type: 'string', pattern: '^[A-Z]{3}-[A-Z]{3}$' }, night: { type: 'string' } },
      },
    },
  };
  app.get('/compartments', checked, async (request) => {
    const { route, night } = request.query;
    const { offers, missing } = await collect(partners, route, night);
    statistics.searches += 1;
    statistics.offers += offers.length;
    statistics.failed += missing.length;
    return { route, night, best: rank(offers), missing };
  });
  app.get('/statistics', async () => statistics);
  return app;
}

function operatorsGateway() {
  return new Promise((resolve) => {
    const started = spawn(process.env.PYTHON, [process.env.SERVICES, 'http', '60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    readline.createInterface({ input: started.stdout }).once('line', (line) => resolve(Number(line)));
  });
}

function startCustomers(port) {
  const paths = [];
  for (const route of ROUTES) {
    for (let day = 1; day < 20; day++) {
      paths.push(`/compartments?route=${route}&night=2026-08-${String(day).padStart(2, '0')}`);
    }
  }
  const clients = path.join(path.dirname(process.env.SERVICES), 'clients.py');
  const words = [clients, 'http', String(port), paths.join(','), String(SEARCHES_A_SECOND), '8'];
  spawn(process.env.PYTHON, words, { stdio: 'ignore' });
}

async function main() {
  const partners = gateway(await operatorsGateway());
  const app = service(partners);
  await app.listen({ port: 0, host: '127.0.0.1' });
  startCustomers(app.server.address().port);
  setTimeout(() => console.log('ready', process.pid), 1500);
}

main();
