// expect: pattern=serialization-overhead bench
// The catalogue API of a corset maker's shop: fastify; the catalogue comes from the CMS at the start, and each customer
// group sees it with prices, names and remarks of its own.
//
// Measured: at 40 requests a second 0.35-0.39 cores and 15-19 ms a page (the problem); 0.03 cores and 0.8 ms (the twin).
'use strict';

const { execFileSync } = require('node:child_process');
const { dirname, join } = require('node:path');
const fastify = require('fastify');

const CUTS = ['overbust', 'underbust', 'waspie', 'longline'];
const CLOTHS = ['coutil', 'brocade', 'satin', 'mesh', 'twill'];
const GROUPS = {
  retail: { factor: 1, rounding: 5, language: 'en' },
  theatre: { factor: 0.85, rounding: 10, language: 'en' },
  trade: { factor: 0.62, rounding: 1, language: 'de' },
};
const PER_PAGE = 24;

function fromCms() {
  const items = [];
  for (let id = 1; id <= 900; id++) {
    const cut = CUTS[id % 4];
    const cloth = CLOTHS[id % 5];
    items.push({
      id,
      cut,
      cloth,
      cents: 7900 + ((id * 371) % 24000),
      title: { en: `${cut} corset no. ${id} in ${cloth}`, de: `Korsett Nr. ${id}, ${cut}, ${cloth}` },
      words: { en: `Flat and spiral boned, with a busk of ${id % 9} hooks.`, de: `Mit ${id % 9} Haken und Spiralfedern.` },
      sizes: [18, 20, 22, 24, 26, 28, 30, 32].map((inches) => ({ inches, stock: (id * inches) % 7, sku: `C${id}-${inches}` })),
      pictures: ['front', 'back', 'detail'].map((side) => ({ side, src: `/pictures/${id}/${side}.webp`, width: 800, height: 1200 })),
      remarks: [],
    });
  }
  return { version: 17, items };
}

const catalogue = fromCms();

function matches(item, wanted) {
  return (!wanted.cut || item.cut === wanted.cut) && (!wanted.cloth || item.cloth === wanted.cloth);
}

function priceFor(cents, group) {
  const step = group.rounding * 10;
  return Math.round((cents * group.factor) / step) * step;
}

/** Change one item into what the group shall see. */
function adapt(item, group) {
  item.cents = priceFor(item.cents, group);
  item.title = item.title[group.language];
  item.words = item.words[group.language];
  item.sizes = item.sizes.filter((size) => size.stock > 0);
  if (item.sizes.length < 3) {
    item.remarks.push('few sizes left');
  }
  if (group.factor < 1) {
    item.remarks.push('without tax');
  }
  return item;
}

function pageFor(group, wanted) {
  const own = JSON.parse(JSON.stringify(catalogue)); // <- cost
  const found = own.items.filter((item) => matches(item, wanted));
  const first = (wanted.page - 1) * PER_PAGE;
  return {
    version: own.version,
    found: found.length,
    page: wanted.page,
    items: found.slice(first, first + PER_PAGE).map((item) => adapt(item, group)),
  };
}

function itemFor(group, id) {
  const item = catalogue.items[id - 1];
  return item && { id: item.id, title: item.title[group.language], cents: priceFor(item.cents, group) };
}

const app = fastify();

app.addHook('preHandler', async (request, reply) => {
  request.group = GROUPS[request.query.group ?? 'retail'];
  if (!request.group) {
    return reply.code(400).send({ error: 'no such group' });
  }
});

app.get('/corsets', async (request) => {
  const { cut, cloth, page = '1' } = request.query;
  return pageFor(request.group, { cut, cloth, page: Math.max(1, Number(page) || 1) }); // <- cost
});

app.get('/corsets/:id', async (request, reply) => {
  const item = itemFor(request.group, Number(request.params.id));
  return item ?? reply.code(404).send({ error: 'no such corset' });
});

app.get('/health', async () => ({ items: catalogue.items.length }));

async function main() {
  await app.listen({ port: 0, host: '127.0.0.1' });
  const paths = [];
  for (const group of Object.keys(GROUPS)) {
    for (const cut of CUTS) {
      paths.push(`/corsets?group=${group}&cut=${cut}&page=1`, `/corsets?group=${group}&cut=${cut}&page=2`);
    }
    for (const cloth of CLOTHS) {
      paths.push(`/corsets?group=${group}&cloth=${cloth}`);
    }
    paths.push(`/corsets/${paths.length}?group=${group}`);
  }
  const clients = join(dirname(process.env.SERVICES), 'clients.py');
  const port = String(app.server.address().port);
  execFileSync(process.env.PYTHON, [clients, 'http', port, paths.join(','), '40', '6'], { stdio: ['ignore', 'pipe', 'inherit'] });
  console.log(`ready ${process.pid}`);
}

main();
