// expect: healthy bench
// A college of heralds keeps its rolls of arms in PostgreSQL and serves them with Fastify: a roll is a page of
// its armigers, each with the blazon of the shield, which is composed from the charges that lie on it.
//
// Measured: 58 rolls of 100 armigers, 35.7 ms each (machine busy with others), 1.6 s of CPU in 15 s; the twin 52
// rolls, 15.5 ms each, 0.7 s of CPU in 15 s (start included).
'use strict';
const http = require('http');
const { execFileSync, fork } = require('child_process');
const Fastify = require('fastify');
const { Pool } = require('pg');

const ROLLS = 60;
const SETUP = [
  'CREATE TABLE rolls (id int PRIMARY KEY, title text NOT NULL, kingdom text NOT NULL)',
  'CREATE TABLE armigers (id int PRIMARY KEY, roll_id int NOT NULL REFERENCES rolls, name text NOT NULL,' +
    ' field text NOT NULL, granted int NOT NULL)',
  'CREATE TABLE charges (id serial PRIMARY KEY, armiger_id int NOT NULL REFERENCES armigers, layer int NOT NULL,' +
    ' beast text NOT NULL, tincture text NOT NULL, attitude text)',
  `INSERT INTO rolls SELECT n, 'Roll of the ' || n || 'th visitation',
     (ARRAY['Norroy', 'Clarenceux', 'Lyon', 'Ulster'])[1 + n % 4] FROM generate_series(1, ${ROLLS}) n`,
  `INSERT INTO armigers SELECT n, 1 + n % ${ROLLS}, 'House ' || md5(n::text),
     (ARRAY['Azure', 'Gules', 'Sable', 'Vert', 'Or', 'Argent'])[1 + n % 6], 1380 + n * 7 % 420
     FROM generate_series(1, 6000) n`,
  `INSERT INTO charges (armiger_id, layer, beast, tincture, attitude)
     SELECT n, layer, (ARRAY['lion', 'stag', 'heron', 'boar', 'mullet', 'escallop', 'garb'])[1 + (n + layer * 3) % 7],
       (ARRAY['or', 'argent', 'gules', 'azure'])[1 + (n * layer) % 4],
       CASE WHEN (n + layer) % 3 = 0 THEN NULL ELSE (ARRAY['rampant', 'passant', 'sejant'])[1 + n % 3] END
     FROM generate_series(1, 6000) n, generate_series(1, 3) layer`,
  'CREATE INDEX ON armigers (roll_id)',
  'CREATE INDEX ON charges (armiger_id)',
  'ANALYZE',
];

class RollRepository {
  constructor(pool) {
    this.pool = pool;
  }

  async find(id) {
    const { rows } = await this.pool.query({
      name: 'roll', text: 'SELECT id, title, kingdom FROM rolls WHERE id = $1', values: [id],
    });
    return rows[0];
  }

  async armigers(rollId) {
    const { rows } = await this.pool.query({
      name: 'armigers',
      text: 'SELECT id, name, field, granted FROM armigers WHERE roll_id = $1 ORDER BY granted, id',
      values: [rollId],
    });
    return rows;
  }

  async charges(armigerIds) {
    const { rows } = await this.pool.query({
      name: 'charges',
      text: 'SELECT armiger_id, layer, beast, tincture, attitude FROM charges' +
        ' WHERE armiger_id = ANY($1::int[]) ORDER BY armiger_id, layer',
      values: [armigerIds],
    });
    const byArmiger = new Map(armigerIds.map((id) => [id, []]));
    for (const row of rows) byArmiger.get(row.armiger_id).push(row);
    return byArmiger;
  }
}

// Blazons are read from the field outwards: "Azure, a lion rampant or, in chief a mullet argent".
class Blazoner {
  static places = ['', 'in chief ', 'in base '];

  compose(field, charges) {
    const parts = [field];
    for (const { layer, beast, tincture, attitude } of charges) {
      const place = Blazoner.places[layer - 1] ?? '';
      parts.push(`${place}a ${beast}${attitude ? ` ${attitude}` : ''} ${tincture}`);
    }
    return parts.join(', ');
  }
}

class RollService {
  constructor(repository, blazoner) {
    this.repository = repository;
    this.blazoner = blazoner;
    this.served = 0;
    this.spent = 0;
  }

  entry(armiger, charges) {
    return {
      name: armiger.name,
      granted: armiger.granted,
      blazon: this.blazoner.compose(armiger.field, charges),
    };
  }

  async page(id) {
    const roll = await this.repository.find(id);
    if (!roll) return null;
    const armigers = await this.repository.armigers(id);
    const charges = await this.repository.charges(armigers.map((armiger) => armiger.id));
    const entries = armigers.map((armiger) => this.entry(armiger, charges.get(armiger.id)));
    this.served += 1;
    return { title: roll.title, kingdom: roll.kingdom, entries };
  }
}

const rollSchema = {
  params: { type: 'object', properties: { id: { type: 'integer', minimum: 1 } }, required: ['id'] },
  response: {
    200: {
      type: 'object',
      properties: {
        title: { type: 'string' },
        kingdom: { type: 'string' },
        entries: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              name: { type: 'string' },
              granted: { type: 'integer' },
              blazon: { type: 'string' },
            },
          },
        },
      },
    },
  },
};

async function rollRoutes(app, { service }) {
  app.get('/:id', { schema: rollSchema }, async (request, reply) => {
    const started = performance.now();
    const page = await service.page(request.params.id);
    service.spent += performance.now() - started;
    if (!page) return reply.code(404).send({ error: 'no such roll' });
    return page;
  });
}

function build(pool) {
  const app = Fastify({ logger: false });
  const service = new RollService(new RollRepository(pool), new Blazoner());
  app.decorate('rolls', service);
  app.register(rollRoutes, { prefix: '/rolls', service });
  app.addHook('onClose', () => pool.end());
  return app;
}

// The readers, in a process of their own: eight rolls a second.
function readers(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 6 });
  let open = 0;
  const read = () => {
    if (open >= 6) return;
    open += 1;
    const id = 1 + Math.floor(Math.random() * ROLLS);
    const asked = http.get({ host: '127.0.0.1', port, agent, path: `/rolls/${id}` }, (answer) => {
      answer.resume();
      answer.on('close', () => { open -= 1; });
    });
    asked.on('error', () => process.exit());
  };
  process.on('disconnect', () => process.exit());
  setInterval(read, 125);
}

async function main() {
  const port = Number(execFileSync(process.env.PYTHON, [process.env.SERVICES, 'postgres', ...SETUP]));
  const pool = new Pool({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', max: 8 });
  const app = build(pool);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const env = { ...process.env, READERS_OF: String(app.server.address().port) };
  fork(__filename, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  console.log(`ready ${process.pid}`);
  setInterval(() => {
    const { served, spent } = app.rolls;
    console.error(`${served} rolls served, ${(spent / served).toFixed(1)} ms each`);
  }, 8000);
}

if (process.env.READERS_OF) readers(Number(process.env.READERS_OF));
else main();
