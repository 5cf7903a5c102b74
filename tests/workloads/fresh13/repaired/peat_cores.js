// expect: healthy bench
// Archive of peat cores: microscopists ask all day for the next depth of which pollen is to be counted and hand in their
// counts; partner institutes fetch the whole log of a core, which grows with every count, as a brotli-packed table.
// Measured: small requests took up to 1.7 s (p95 772 ms) on a loaded machine, against up to 60 ms (p95 25 ms) in the
// twin, at the same CPU time.
'use strict';

const http = require('http');
const path = require('path');
const util = require('util');
const zlib = require('zlib');
const { spawnSync } = require('child_process');

const TAXA = ['Betula', 'Pinus', 'Alnus', 'Corylus', 'Calluna', 'Sphagnum', 'Cyperaceae', 'Plantago', 'Ulmus', 'Tilia'];
const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN } = zlib.constants;
const brotli = util.promisify(zlib.brotliCompress);
const PACKING = { params: { [BROTLI_PARAM_QUALITY]: 6, [BROTLI_PARAM_LGWIN]: 17 } };
const CORES = 6;
const SLICES = 40000;

class Core {
  constructor(number) {
    this.number = number;
    this.lines = ['depth_mm,taxon,grains,corroded,marker_spores,counted_by'];
    this.nextDepth = 0;
    this.seed = number * 7919 + 17;
    this.totals = new Map(TAXA.map((taxon) => [taxon, 0]));
    for (let i = 0; i < SLICES; i++) this.count(`cabinet${i % 5}`);
  }

  random(limit) {
    this.seed = (Math.imul(this.seed, 1103515245) + 12345) & 0x7fffffff;
    return (this.seed >> 8) % limit;
  }

  count(by) {
    const taxon = TAXA[this.random(TAXA.length)];
    const grains = this.random(400);
    const line = `${this.nextDepth},${taxon},${grains},${this.random(40)},${this.random(90)},${by}`;
    if (this.lines.length > SLICES * 1.02) this.lines.splice(1, 400);
    this.lines.push(line);
    this.totals.set(taxon, this.totals.get(taxon) + grains);
    this.nextDepth += 4;
    return line;
  }

  table() {
    return this.lines.join('\n');
  }

  diagram() {
    const sum = [...this.totals.values()].reduce((a, b) => a + b, 0) || 1;
    return [...this.totals].map(([taxon, grains]) => ({ taxon, share: +((100 * grains) / sum).toFixed(2) }));
  }
}

class Archive {
  constructor() {
    this.cores = new Map();
    for (let number = 1; number <= CORES; number++) this.cores.set(String(number), new Core(number));
    this.fetched = 0;
  }

  core(number) {
    const core = this.cores.get(number);
    if (!core) throw Object.assign(new Error(`no core ${number}`), { status: 404 });
    return core;
  }

  async exportOf(number) {
    const core = this.core(number);
    const body = await pack(core.table());
    this.fetched += 1;
    return { type: 'text/csv', encoding: 'br', body };
  }
}

async function pack(text) {
  return brotli(Buffer.from(text, 'latin1'), PACKING);
}

function json(value) {
  return { type: 'application/json', body: Buffer.from(JSON.stringify(value)) };
}

const routes = [
  [/^\/cores\/(\d+)\/log\.csv$/, (archive, number) => archive.exportOf(number)],
  [/^\/cores\/(\d+)\/count\/(\w+)$/, (archive, number, by) => json({ noted: archive.core(number).count(by) })],
  [/^\/cores\/(\d+)\/next$/, (archive, number) => json({ depth: archive.core(number).nextDepth })],
  [/^\/cores\/(\d+)\/diagram$/, (archive, number) => json(archive.core(number).diagram())],
];

async function dispatch(archive, url) {
  for (const [pattern, handle] of routes) {
    const match = pattern.exec(url);
    if (match) return handle(archive, ...match.slice(1));
  }
  throw Object.assign(new Error('nothing here'), { status: 404 });
}

function listener(archive) {
  return async (request, response) => {
    request.resume();
    try {
      const { type, encoding, body } = await dispatch(archive, request.url);
      const headers = { 'Content-Type': type, 'Content-Length': body.length };
      if (encoding) headers['Content-Encoding'] = encoding;
      response.writeHead(200, headers);
      response.end(body);
    } catch (problem) {
      const body = `${problem.message}\n`;
      response.writeHead(problem.status || 500, { 'Content-Length': Buffer.byteLength(body) });
      response.end(body);
    }
  };
}

function startCustomers(port) {
  const clients = path.join(path.dirname(process.env.SERVICES), 'clients.py');
  const desks = [];
  for (let number = 1; number <= CORES; number++) {
    desks.push(`/cores/${number}/next`, `/cores/${number}/count/desk${number}`, `/cores/${number}/diagram`);
  }
  const partners = [...Array(CORES).keys()].map((n) => `/cores/${n + 1}/log.csv`);
  for (const [paths, rate, workers] of [[desks, 90, 6], [partners, 5, 3]]) {
    const words = [clients, 'http', String(port), paths.join(','), String(rate), String(workers)];
    spawnSync(process.env.PYTHON, words, { stdio: 'ignore' });
  }
}

const server = http.createServer(listener(new Archive()));
server.keepAliveTimeout = 60000;
server.listen(0, '127.0.0.1', () => {
  startCustomers(server.address().port);
  process.stdout.write(`ready ${process.pid}\n`);
});
