// bench: healthy
// Reports of crop circles: farmers and pilots send them in, a thread beside the server groups them into formations
// twice in three seconds (the honest work: 2000 reports, each with each), and the map of all formations is packed once
// for each grouping, however often it is fetched; who has it already is told so. A formation's page is small and made
// anew. Reports are a ring; a farmer who sends the same field again within a minute is known from a short list.
//
// Measured: CPU 8.4 % of a core (the thread beside the server included), 95 requests a second; near 90 MiB.
'use strict';

const { execFileSync } = require('child_process');
const http = require('http');
const { promisify } = require('util');
const { Worker, isMainThread, parentPort } = require('worker_threads');
const zlib = require('zlib');

const REPORTS = 2000;
const NEAR = 1800; // metres
const KINDS = ['ring', 'spiral', 'pictogram', 'fractal', 'celtic cross'];
const CROPS = ['wheat', 'barley', 'rapeseed', 'maize'];
const gzip = promisify(zlib.gzip);

// ---- grouping, in the worker

function group({ xs, ys, weights }) {
  const parent = Uint16Array.from(xs, (_, at) => at);
  const root = (at) => {
    let top = at;
    while (parent[top] !== top) {
      parent[top] = parent[parent[top]];
      top = parent[top];
    }
    return top;
  };
  for (let a = 0; a < xs.length; a++) {
    for (let b = a + 1; b < xs.length; b++) {
      const distance = Math.hypot(xs[a] - xs[b], ys[a] - ys[b]);
      if (distance < NEAR * weights[a] * weights[b]) parent[root(a)] = root(b);
    }
  }
  return Uint16Array.from(xs, (_, at) => root(at));
}

// ---- the register

class Register {
  constructor(size) {
    this.size = size;
    this.reports = [];
    this.next = 0;
    this.recent = [];
  }

  add({ x, y, kind, crop, metres, farmer }) {
    const now = Date.now();
    this.recent = this.recent.filter(({ until }) => until > now).slice(-50);
    const known = this.recent.some((other) => other.farmer === farmer && other.kind === kind);
    if (known) return false;
    this.recent.push({ farmer, kind, until: now + 60000 });
    this.reports[this.next] = { x, y, kind, crop, metres, seen: now };
    this.next = (this.next + 1) % this.size;
    return true;
  }

  columns() {
    return {
      xs: Float64Array.from(this.reports, ({ x }) => x),
      ys: Float64Array.from(this.reports, ({ y }) => y),
      weights: Float64Array.from(this.reports, ({ metres }) => 0.6 + metres / 400),
    };
  }
}

class Atlas {
  constructor(register) {
    this.register = register;
    this.worker = new Worker(__filename);
    this.waiting = [];
    this.worker.on('message', (groups) => this.waiting.shift()(groups));
    this.worker.on('error', (error) => {
      console.error('grouping:', error);
      process.exit(1);
    });
    this.version = 0;
    this.formations = [];
    this.packed = null;
  }

  grouped(columns) {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.worker.postMessage(columns);
    });
  }

  async renew() {
    const reports = this.register.reports.slice();
    const groups = await this.grouped(this.register.columns());
    const formations = new Map();
    reports.forEach((report, at) => {
      const list = formations.get(groups[at]) || [];
      list.push(report);
      formations.set(groups[at], list);
    });
    this.formations = [...formations.values()].map((list, id) => ({
      id,
      reports: list.length,
      x: Math.round(list.reduce((sum, { x }) => sum + x, 0) / list.length),
      y: Math.round(list.reduce((sum, { y }) => sum + y, 0) / list.length),
      crops: [...new Set(list.map(({ crop }) => crop))],
      kinds: [...new Set(list.map(({ kind }) => kind))],
      largest: Math.max(...list.map(({ metres }) => metres)),
    }));
    this.version++;
    this.packed = await gzip(JSON.stringify({ version: this.version, formations: this.formations, reports }));
  }

  async keepNew(pause) {
    while (true) {
      try {
        await this.renew();
      } catch (error) {
        console.error('grouping:', error.message);
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

// ---- the application

const REPORT = {
  type: 'object',
  required: ['x', 'y', 'kind', 'crop', 'metres', 'farmer'],
  properties: {
    x: { type: 'number' },
    y: { type: 'number' },
    kind: { enum: KINDS },
    crop: { enum: CROPS },
    metres: { type: 'number', minimum: 3, maximum: 300 },
    farmer: { type: 'string', maxLength: 40 },
  },
};

async function routes(app, { register, atlas }) {
  app.get('/map', async (request, reply) => {
    const tag = `"map-${atlas.version}"`;
    reply.header('ETag', tag);
    if (request.headers['if-none-match'] === tag) return reply.code(304).send();
    return reply.type('application/json').header('Content-Encoding', 'gzip').send(atlas.packed);
  });
  app.get('/formations/:id', async (request, reply) => {
    const formation = atlas.formations[Number(request.params.id)];
    if (!formation) return reply.code(404).send({ error: 'no such formation' });
    return formation;
  });
  app.post('/reports', { schema: { body: REPORT } }, async (request, reply) => {
    const taken = register.add(request.body);
    return reply.code(taken ? 201 : 200).send({ taken });
  });
}

// ---- farmers, pilots and the curious, in a process of their own

function farmers(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 12 });
  const any = (number) => Math.floor(Math.random() * number);
  let [open, failed, tag] = [0, 0, ''];
  const ask = (method, path, body) => {
    if (open >= 12) return;
    open++;
    const headers = body ? { 'Content-Type': 'application/json' } : any(3) ? { 'If-None-Match': tag } : {};
    const request = http.request({ host: '127.0.0.1', port, agent, method, path, headers }, (response) => {
      failed = 0;
      if (path === '/map') tag = response.headers.etag || '';
      response.resume().on('end', () => open--);
    });
    request.on('error', () => {
      open--;
      if (++failed > 50) process.exit(1);
    });
    request.end(body && JSON.stringify(body));
  };
  setInterval(() => ask('GET', '/map'), 40);
  setInterval(() => ask('GET', `/formations/${any(120)}`), 15);
  setInterval(() => ask('POST', '/reports', report(any)), 200);
}

function report(any) {
  const farmer = `farmer ${any(300)}`;
  return { x: any(90000), y: any(90000), kind: KINDS[any(5)], crop: CROPS[any(4)], metres: 5 + any(120), farmer };
}

async function main() {
  const register = new Register(REPORTS);
  const any = (number) => Math.floor(Math.random() * number);
  for (let n = 0; n < REPORTS; n++) register.reports.push({ ...report(any), seen: Date.now() });
  const atlas = new Atlas(register);
  await atlas.renew();
  atlas.keepNew(1500);
  const app = require('fastify')({ keepAliveTimeout: 65000 });
  app.register(routes, { register, atlas });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const env = { ...process.env, FARMERS_PORT: String(app.server.address().port) };
  const detached = '"$0" "$1" </dev/null >/dev/null 2>&1 &';
  execFileSync('sh', ['-c', detached, process.execPath, __filename], { env, stdio: 'ignore' });
  if (process.env.REPORT) {
    setInterval(() => {
      console.error(`version ${atlas.version}: ${atlas.formations.length} formations, ${atlas.packed.length} bytes`);
    }, 5000);
  }
  setTimeout(() => console.log(`ready ${process.pid}`), 2000);
}

if (!isMainThread) parentPort.on('message', (columns) => parentPort.postMessage(group(columns)));
else if (process.env.FARMERS_PORT) farmers(Number(process.env.FARMERS_PORT));
else main();
