// expect: pattern=hot-loop bench
// Otter surveys without otters: volunteers on four rivers send in spraints, the laboratory types eight loci of each, and
// this service tells whose spraint it was. The wardens' maps ask for the territories: how far along the river each otter
// ranged, how often, and whom it met. Finds older than the survey season make room for new ones.
//
// Measured: 36 % of a core, 15 ms of it for each map of the territories (25 a second); in the twin 5 %, and the maps take
// 2 ms where they took 23 ms (on a busy machine).
'use strict';

const { spawn } = require('child_process');
const http = require('http');

const RIVERS = ['torridge', 'teifi', 'spey', 'tamar'];
const OTTERS = 300; // on each river
const SEASON = 9000; // finds that are kept for each river
const LOCI = ['Lut435', 'Lut453', 'Lut457', 'Lut701', 'Lut715', 'Lut717', 'Lut733', 'Lut832'];
const DAY = 86400;

class BadRequest extends Error {}

// ---- genotypes

/** The alleles of one animal, as the laboratory writes them: two lengths for each locus. */
function allelesOf(river, number) {
  let seed = number * 7919 + river.length * 104729;
  return LOCI.map(() => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    const first = 110 + (seed % 23) * 2;
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return [first, first + (seed % 9) * 2];
  });
}

function genotypeKey(alleles) {
  if (!Array.isArray(alleles) || alleles.length !== LOCI.length) throw new BadRequest('eight loci, please');
  return alleles.map(([a, b]) => (a < b ? `${a}/${b}` : `${b}/${a}`)).join(' ');
}

// ---- what is known of a river

class Survey {
  constructor(river) {
    this.river = river;
    this.otters = [];
    this.byGenotype = new Map();
    this.finds = [];
    this.oldest = 0;
  }

  register(number, alleles) {
    const code = `${this.river[0].toUpperCase()}${String(number).padStart(4, '0')}`;
    const otter = { code, sex: number % 2 ? 'f' : 'm', cub: number % 11 === 0 };
    this.otters.push(otter);
    this.byGenotype.set(genotypeKey(alleles), otter);
  }

  record(find) {
    if (this.finds.length < SEASON) {
      this.finds.push(find);
    } else {
      this.finds[this.oldest] = find;
      this.oldest = (this.oldest + 1) % SEASON;
    }
  }

  identify(alleles) {
    return this.byGenotype.get(genotypeKey(alleles)) || null;
  }
}

// ---- territories

/** How the finds of one animal lie along the river. */
function rangeOf(finds) {
  let low = Infinity;
  let high = -Infinity;
  let anal = 0;
  const days = new Set();
  for (const { km, at, jelly } of finds) {
    if (km < low) low = km;
    if (km > high) high = km;
    if (jelly) anal++;
    days.add(Math.floor(at / DAY));
  }
  return { low, high, days: days.size, jelly: anal };
}

class TerritoryMap {
  constructor(survey) {
    this.survey = survey;
  }

  territory(otter) {
    const own = this.survey.finds.filter((find) => find.otter === otter.code); // <- cost
    if (own.length === 0) return null;
    const { low, high, days, jelly } = rangeOf(own);
    return { otter: otter.code, sex: otter.sex, low, high, length: high - low, finds: own.length, days, jelly };
  }

  draw() {
    const { otters, river } = this.survey;
    const drawn = otters.map((otter) => this.territory(otter)).filter(Boolean); // <- cost
    drawn.sort((a, b) => b.length - a.length || a.low - b.low);
    const longest = drawn.slice(0, 40);
    return { river, otters: drawn.length, territories: longest.map((one) => ({ ...one, meets: meets(one, longest) })) };
  }
}

/** Whom an otter must have met: those whose stretch overlaps most of its own. */
function meets(one, others) {
  const met = [];
  for (const other of others) {
    const shared = Math.min(one.high, other.high) - Math.max(one.low, other.low);
    if (other !== one && shared > 0.9 * one.length) met.push(other.otter);
  }
  return met.slice(0, 5);
}

// ---- the service

class SprainterService {
  constructor(rivers) {
    this.surveys = new Map(rivers.map((river) => [river, new Survey(river)]));
    this.unknown = 0;
  }

  open() {
    for (const survey of this.surveys.values()) {
      for (let n = 0; n < OTTERS; n++) survey.register(n, allelesOf(survey.river, n));
      for (let n = 0; n < SEASON; n++) {
        const otter = survey.otters[(n * 31) % OTTERS];
        survey.record({ otter: otter.code, km: (n * 31) % OTTERS / 3 + (n % 13), at: n * 700, jelly: n % 7 === 0 });
      }
    }
  }

  river(name) {
    const survey = this.surveys.get(name);
    if (!survey) throw new BadRequest(`no survey of the ${name}`);
    return survey;
  }

  accept(name, { alleles, km, at, jelly }) {
    const survey = this.river(name);
    if (!(km >= 0 && km < 500)) throw new BadRequest('where was it?');
    const otter = survey.identify(alleles);
    if (!otter) this.unknown++;
    else survey.record({ otter: otter.code, km, at, jelly: Boolean(jelly) });
    return { otter: otter && otter.code, kept: survey.finds.length };
  }

  territories(name) {
    return new TerritoryMap(this.river(name)).draw();
  }
}

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  try {
    return JSON.parse(Buffer.concat(parts).toString());
  } catch (error) {
    throw new BadRequest(error.message);
  }
}

function application(service) {
  const answer = async (request) => {
    const [, river, what] = request.url.split('/');
    if (request.method === 'POST' && what === 'spraints') return service.accept(river, await bodyOf(request));
    if (request.method === 'GET' && what === 'territories') return service.territories(river);
    throw new BadRequest('spraints or territories');
  };
  return http.createServer((request, response) => {
    answer(request).then(
      (value) => {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify(value));
      },
      (error) => {
        response.writeHead(error instanceof BadRequest ? 400 : 500, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify({ error: error.message }));
      },
    );
  });
}

// ---- volunteers and wardens, in a process of their own

function volunteers(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 12 });
  const any = (number) => Math.floor(Math.random() * number);
  const ask = (method, path, value) => {
    if (Object.keys(agent.requests).length) return; // all lines are busy
    const request = http.request({ port, host: '127.0.0.1', agent, method, path }, (response) => response.resume());
    request.on('error', (error) => error.code === 'ECONNREFUSED' && process.exit());
    request.end(value && JSON.stringify(value));
  };
  setInterval(() => ask('GET', `/${RIVERS[any(4)]}/territories`), 40);
  setInterval(() => {
    const river = RIVERS[any(4)];
    const alleles = allelesOf(river, any(OTTERS + 4));
    ask('POST', `/${river}/spraints`, { alleles, km: any(900) / 10, at: Date.now() / 1000, jelly: any(6) === 0 });
  }, 40);
}

function main() {
  const service = new SprainterService(RIVERS);
  service.open();
  const server = application(service).listen(0, '127.0.0.1', () => {
    const command = '"$0" "$1" "$2" >/dev/null 2>&1 &';
    const words = [process.execPath, __filename, String(server.address().port)];
    spawn('sh', ['-c', command, ...words], { stdio: 'ignore' });
    setTimeout(() => console.log(`ready ${process.pid}`), 2000);
  });
  server.keepAliveTimeout = 60000;
}

if (process.argv[2]) volunteers(Number(process.argv[2]));
else main();
