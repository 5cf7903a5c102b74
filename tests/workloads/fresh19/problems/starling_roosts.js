// expect: pattern=blocking-io bench
// Counts of starling roosts at dusk: devices send counts and ask for the latest one of a roost, ornithologists
// download an evening's counts as a compressed table.
// Measured: a latest count takes 12 ms in the mean and 42 ms for one in ten while 8 tables a second are made of 50 ms
// each (twin: 1.2 and 1.7 ms at the same CPU, 46 % of a core).
'use strict';

const http = require('http');
const zlib = require('zlib');
const { spawnSync } = require('child_process');

const ROOSTS = ['brighton-pier', 'gretna', 'ham-wall', 'aberystwyth', 'otmoor', 'leighton-moss'];
const KEPT = 1500;

class Evening {
  constructor(seed) {
    this.seconds = new Uint32Array(KEPT);
    this.birds = new Uint32Array(KEPT);
    this.bearings = new Float32Array(KEPT);
    this.heights = new Float32Array(KEPT);
    this.next = 0;
    this.total = 0;
    this.state = seed;
    for (let n = 0; n < KEPT; n++) this.add(n * 2, 200 + this.random(40000));
  }

  random(below) {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 4294967296) * below);
  }

  add(second, birds) {
    const at = this.next;
    this.seconds[at] = second;
    this.birds[at] = birds;
    this.bearings[at] = this.random(3600) / 10;
    this.heights[at] = this.random(1200) / 10;
    this.next = (at + 1) % KEPT;
    this.total++;
  }

  latest() {
    const at = (this.next + KEPT - 1) % KEPT;
    return { second: this.seconds[at], birds: this.birds[at], bearing: this.bearings[at], height: this.heights[at] };
  }

  table() {
    const lines = ['second,birds,bearing,height'];
    for (let n = 0; n < KEPT; n++) {
      const at = (this.next + n) % KEPT;
      lines.push(`${this.seconds[at]},${this.birds[at]},${this.bearings[at].toFixed(1)},${this.heights[at].toFixed(1)}`);
    }
    return lines.join('\n');
  }
}

function build() {
  const app = require('fastify')();
  const evenings = new Map(ROOSTS.map((name, n) => [name, new Evening(1 + n)]));

  app.addHook('preHandler', async (request, reply) => {
    const name = request.params.roost;
    if (name === undefined) return undefined;
    request.evening = evenings.get(name);
    return request.evening ? undefined : reply.code(404).send({ error: 'no such roost' });
  });

  app.get('/roosts', async () => ROOSTS);

  app.get('/roosts/:roost/latest', async (request) => request.evening.latest());

  app.post('/roosts/:roost/counts', async (request, reply) => {
    const { second, birds } = request.body;
    request.evening.add(second, birds);
    return reply.code(201).send({ total: request.evening.total });
  });

  app.get('/roosts/:roost/evening.csv', async (request, reply) => {
    const table = Buffer.from(request.evening.table());
    reply.header('Content-Type', 'text/csv').header('Content-Encoding', 'br');
    return reply.send(zlib.brotliCompressSync(table)); // <- cost
  });

  return app;
}

async function main() {
  const app = build();
  await app.listen({ port: 0, host: '127.0.0.1' });
  const port = String(app.server.address().port);
  const words = ['-c', '"$0" "$1" devices "$2" >/dev/null &', process.execPath, __filename, port];
  spawnSync('sh', words, { stdio: ['ignore', 'ignore', 'inherit'] });
  setTimeout(() => process.stdout.write('ready\n'), 3000);
}

function devices(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 24 });
  const ask = (method, path, body, done) => {
    const headers = body ? { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) } : {};
    const request = http.request({ host: '127.0.0.1', port, agent, method, path, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => done && done());
    });
    request.on('error', () => process.exit(0));
    request.end(body);
  };
  let number = 0;
  let took = [];
  setInterval(() => {
    const roost = ROOSTS[number++ % ROOSTS.length];
    const began = performance.now();
    ask('GET', `/roosts/${roost}/latest`, undefined, () => took.push(performance.now() - began));
    if (number % 4 === 0) ask('POST', `/roosts/${roost}/counts`, JSON.stringify({ second: number, birds: number * 7 }));
    if (process.env.ANSWER_TIMES && took.length >= 100) {
      took.sort((a, b) => a - b);
      const mean = took.reduce((a, b) => a + b) / took.length;
      process.stderr.write(`latest: mean ${mean.toFixed(1)} ms, 90 % ${took[90].toFixed(1)} ms\n`);
      took = [];
    }
  }, 25);
  let downloads = 0;
  setInterval(() => {
    if (downloads >= 3) return;
    downloads++;
    ask('GET', `/roosts/${ROOSTS[number % ROOSTS.length]}/evening.csv`, undefined, () => downloads--);
  }, 120);
}

if (process.argv[2] === 'devices') {
  devices(Number(process.argv[3]));
} else {
  main();
}
