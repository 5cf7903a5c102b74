// expect: pattern=hot-loop bench
// For the conservators of tapestries: a scan of a panel knows where each weft thread is broken, and which end on
// the left of a tear belongs to which on the right depends on how the cloth is stretched on the frame.
// Conservators send the stretch that they measured, and the service answers with the joins. Fastify.
//
// Measured: 150 reports in 8 s, 14.7 ms each for the joins, 2.7 s of CPU in 9.7 s; the twin 0.7 s of CPU (start
// included), 0.8 ms each (with 2200 ends; 5.9 ms when the machine was busy).
'use strict';
const http = require('http');
const { fork } = require('child_process');
const Fastify = require('fastify');

const PANELS = 6;
const ENDS = 2600;
const DYES = ['madder', 'weld', 'woad', 'walnut', 'kermes', 'undyed', 'lichen', 'oak-gall'];

class Panel {
  constructor(number) {
    let state = 104729 * (number + 1);
    const next = (bound) => {
      state = (state * 1103515245 + 12345) & 0x7fffffff;
      return (state >>> 8) % bound;
    };
    this.name = `panel-${number}`;
    this.lefts = [];
    this.rights = [];
    for (let id = 0; id < ENDS; id += 1) {
      const row = next(700);
      const dye = next(DYES.length);
      const x = next(1800) + 100;
      this.lefts.push({ id, row, dye, x });
      const partner = { id, row: row + next(3) - 1, dye, x: x + next(60) / 10 };
      this.rights.push(partner);
    }
  }
}

class Gauge {
  constructor({ stretch, tolerance }) {
    this.stretch = stretch;
    this.tolerance = tolerance;
  }

  gap(left, right) {
    return Math.abs(right.x * this.stretch - left.x);
  }
}

// Weft threads run along a row, and by the wear of a tear they slip by one row at most.
const sameThread = (left, right) => left.dye === right.dye && Math.abs(left.row - right.row) <= 1;

class Joiner {
  constructor(panel) {
    this.panel = panel;
  }

  candidates(left, gauge) {
    return this.panel.rights.filter( // <- cost
      (right) => sameThread(left, right) && gauge.gap(left, right) <= gauge.tolerance,
    );
  }

  nearest(left, gauge) {
    let best = null;
    let gap = Infinity;
    for (const right of this.candidates(left, gauge)) {
      const here = gauge.gap(left, right);
      if (here < gap || (here === gap && right.id < best.id)) {
        best = right;
        gap = here;
      }
    }
    return best && { left: left.id, right: best.id, gap };
  }

  joins(gauge) {
    const taken = new Map();
    for (const left of this.panel.lefts) {
      const join = this.nearest(left, gauge); // <- cost
      if (!join) continue;
      const rival = taken.get(join.right);
      if (!rival || join.gap < rival.gap) taken.set(join.right, join);
    }
    return taken;
  }
}

class Conservation {
  constructor(panels) {
    this.joiners = new Map(panels.map((panel) => [panel.name, new Joiner(panel)]));
    this.answered = 0;
    this.spent = 0;
  }

  // How well the panel closes with this gauge, and the widest joins, which want a look through the microscope.
  report(name, gauge) {
    const joiner = this.joiners.get(name);
    if (!joiner) return null;
    const started = performance.now();
    const joins = [...joiner.joins(gauge).values()];
    this.spent += performance.now() - started;
    this.answered += 1;
    joins.sort((a, b) => b.gap - a.gap || a.left - b.left);
    const total = joins.reduce((sum, join) => sum + join.gap, 0);
    return {
      panel: name,
      joined: joins.length,
      open: ENDS - joins.length,
      meanGap: joins.length ? total / joins.length : 0,
      widest: joins.slice(0, 8),
    };
  }
}

const joinsSchema = {
  body: {
    type: 'object',
    required: ['stretch', 'tolerance'],
    properties: {
      stretch: { type: 'number', minimum: 0.9, maximum: 1.1 },
      tolerance: { type: 'number', minimum: 0.1, maximum: 12 },
    },
  },
  response: {
    200: {
      type: 'object',
      properties: {
        panel: { type: 'string' },
        joined: { type: 'integer' },
        open: { type: 'integer' },
        meanGap: { type: 'number' },
        widest: {
          type: 'array',
          items: {
            type: 'object',
            properties: { left: { type: 'integer' }, right: { type: 'integer' }, gap: { type: 'number' } },
          },
        },
      },
    },
  },
};

async function panelRoutes(app, { conservation }) {
  app.post('/:name/joins', { schema: joinsSchema }, async (request, reply) => {
    const report = conservation.report(request.params.name, new Gauge(request.body));
    if (!report) return reply.code(404).send({ error: 'no such panel' });
    return report;
  });
}

// The conservators' stands, in a process of their own: each sends what the strain gauges of its frame say.
function stands(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  let open = 0;
  const measure = () => {
    if (open >= 4) return;
    open += 1;
    const path = `/panels/panel-${Math.floor(Math.random() * PANELS)}/joins`;
    const body = JSON.stringify({ stretch: 0.995 + Math.random() * 0.008, tolerance: 3 + Math.random() * 4 });
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    const asked = http.request({ host: '127.0.0.1', port, agent, method: 'POST', path, headers }, (answer) => {
      answer.resume();
      answer.on('close', () => { open -= 1; });
    });
    asked.on('error', () => process.exit());
    asked.end(body);
  };
  process.on('disconnect', () => process.exit());
  setInterval(measure, 50);
}

async function main() {
  const conservation = new Conservation(Array.from({ length: PANELS }, (_, number) => new Panel(number)));
  const app = Fastify({ logger: false });
  app.register(panelRoutes, { prefix: '/panels', conservation });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const env = { ...process.env, STANDS_OF: String(app.server.address().port) };
  fork(__filename, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  console.log(`ready ${process.pid}`);
  setInterval(() => {
    const each = conservation.spent / conservation.answered;
    console.error(`${conservation.answered} reports, ${each.toFixed(1)} ms each for the joins`);
  }, 8000);
}

if (process.env.STANDS_OF) stands(Number(process.env.STANDS_OF));
else main();
