// expect: pattern=uncompressed-transfer bench
// The register of manhole covers: drainspotters on the road load a district onto their telephones before they walk it
// (all covers of it, with foundry, pattern and who has seen them), by a line of the mobile network that carries some
// 400 kB/s, and send in what they have seen; the foundries' page is small.
//
// Measured: a district is 931 928 bytes, which take 2.4 s on such a line; in the twin 107 731 bytes, which take 0.28 s.
// CPU 2.2 % of a core, in the twin 5.1 % (it packs twice as many a second, as telephones wait less).
'use strict';

const { execFileSync } = require('child_process');
const http = require('http');
const os = require('os');

const DISTRICTS = ['bermondsey', 'kreuzberg', 'trastevere', 'ueno', 'gracia', 'nordvest'];
const COVERS = 3600; // of each district
const FOUNDRIES = ['Hayward Brothers', 'Budde & Goehde', 'Fonderia Lamperti', 'Nagashima Imono', 'Norinco', 'Ulefos'];
const PATTERNS = ['concentric', 'waffle', 'basket weave', 'sunburst', 'coat of arms', 'cherry blossom', 'plain'];
const USES = ['sewer', 'water', 'gas', 'telephone', 'coal', 'hydrant'];
const STATES = ['good', 'worn', 'cracked', 'tarred over'];

const pick = (list, number) => list[number % list.length];

// ---- the register

class Register {
  constructor() {
    this.districts = new Map();
  }

  add(cover) {
    if (!this.districts.has(cover.district)) this.districts.set(cover.district, new Map());
    this.districts.get(cover.district).set(cover.id, cover);
  }

  district(name) {
    const covers = this.districts.get(name);
    if (!covers) throw Object.assign(new Error(`no district ${name}`), { status: 404 });
    return covers;
  }

  sight(name, id, { spotter, state }) {
    const cover = this.district(name).get(id);
    if (!cover) throw Object.assign(new Error(`no cover ${id}`), { status: 404 });
    if (!STATES.includes(state)) throw Object.assign(new Error('what state?'), { status: 422 });
    cover.state = state;
    cover.lastSeen = new Date().toISOString().slice(0, 10);
    cover.seenBy = [spotter, ...cover.seenBy.filter((other) => other !== spotter)].slice(0, 3);
    return cover;
  }

  foundries(name) {
    const counts = {};
    for (const { foundry } of this.district(name).values()) counts[foundry] = (counts[foundry] || 0) + 1;
    return Object.entries(counts).map(([foundry, covers]) => ({ foundry, covers }));
  }
}

function surveyed() {
  const register = new Register();
  DISTRICTS.forEach((district, d) => {
    for (let n = 0; n < COVERS; n++) {
      const mixed = (n * 7919 + d * 104729) % 65521;
      register.add({
        id: `${district}-${String(n).padStart(5, '0')}`,
        district,
        foundry: pick(FOUNDRIES, mixed >> 3),
        pattern: pick(PATTERNS, mixed >> 5),
        use: pick(USES, mixed >> 2),
        diameterMillimetres: 300 + (mixed % 9) * 50,
        cast: 1870 + (mixed % 130),
        latitude: Number((51 + (mixed % 9973) / 1e5).toFixed(5)),
        longitude: Number((13 + (mixed % 7919) / 1e5).toFixed(5)),
        state: pick(STATES, mixed),
        lastSeen: `2026-0${1 + (n % 9)}-1${n % 10}`,
        seenBy: [`spotter-${mixed % 211}`, `spotter-${(mixed >> 4) % 211}`],
      });
    }
  });
  return register;
}

// ---- the application

const handled = (handler) => (request, response, next) => {
  Promise.resolve()
    .then(() => handler(request, response, next))
    .catch(next);
};

function tally(sums) {
  return (request, response, next) => {
    const from = performance.now();
    response.on('finish', () => {
      sums.answered++;
      sums.waited += performance.now() - from;
      sums.bytes += Number(response.get('Content-Length')) || 0;
    });
    next();
  };
}

async function sendDistrict(request, response, covers) {
  const body = { district: request.params.district, at: new Date().toISOString(), covers: [...covers.values()] };
  response.set('Cache-Control', 'no-cache');
  response.json(body); // <- cost
}

function application(register, sums) {
  const express = require('express');
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.use(tally(sums));

  const districts = express.Router({ mergeParams: true });
  districts.get('/covers', handled(async (request, response) => {
    await sendDistrict(request, response, register.district(request.params.district)); // <- cost
  }));
  districts.get('/foundries', handled((request, response) => {
    response.json(register.foundries(request.params.district));
  }));
  districts.post('/covers/:id/sightings', express.json({ limit: '4kb' }), handled((request, response) => {
    const { district, id } = request.params;
    response.status(201).json(register.sight(district, id, request.body));
  }));
  app.use('/districts/:district', districts);
  app.use((error, request, response, next) => {
    if (response.headersSent) return next(error);
    return response.status(error.status || 500).json({ error: error.status ? error.message : 'internal' });
  });
  return app;
}

// ---- drainspotters, in processes of their own

const LINES = `
import os, sys
sys.path.append(os.path.dirname(os.environ["SERVICES"]))
import clients, services
host, port, districts = sys.argv[1], int(sys.argv[2]), sys.argv[3].split(",")
for district in districts:
    services.outside(lambda: clients.fetch_slowly(host, port, f"/districts/{district}/covers", 400000, 1, pause=2.0))
`;

function reporters(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  const any = (number) => Math.floor(Math.random() * number);
  let failed = 0;
  const ask = (method, path, body) => {
    const headers = body ? { 'Content-Type': 'application/json' } : {};
    const request = http.request({ host: '127.0.0.1', port, agent, method, path, headers }, (response) => {
      failed = 0;
      response.resume();
    });
    request.on('error', () => {
      if (++failed > 50) process.exit(1);
    });
    request.end(body && JSON.stringify(body));
  };
  setInterval(() => {
    const district = pick(DISTRICTS, any(100));
    const id = `${district}-${String(any(COVERS)).padStart(5, '0')}`;
    const sighting = { spotter: `spotter-${any(211)}`, state: pick(STATES, any(100)) };
    ask('POST', `/districts/${district}/covers/${id}/sightings`, sighting);
  }, 250);
  setInterval(() => ask('GET', `/districts/${pick(DISTRICTS, any(100))}/foundries`), 400);
}

/** The address that telephones use. */
function address() {
  const all = Object.values(os.networkInterfaces()).flat();
  const outer = all.find(({ family, internal }) => family === 'IPv4' && !internal);
  return outer ? outer.address : '127.0.0.1';
}

function main() {
  const sums = { answered: 0, waited: 0, bytes: 0 };
  const server = application(surveyed(), sums).listen(0, '0.0.0.0', () => {
    const port = String(server.address().port);
    const { PYTHON } = process.env;
    execFileSync(PYTHON, ['-c', LINES, address(), port, DISTRICTS.join(',')], { stdio: 'ignore' });
    const env = { ...process.env, REPORTERS_PORT: port };
    const detached = '"$0" "$1" </dev/null >/dev/null 2>&1 &';
    execFileSync('sh', ['-c', detached, process.execPath, __filename], { env, stdio: 'ignore' });
    setTimeout(() => console.log(`ready ${process.pid}`), 2000);
  });
  server.keepAliveTimeout = 65000;
  if (process.env.REPORT) {
    setInterval(() => {
      const { answered, waited, bytes } = sums;
      console.error(`${answered} answers, ${(waited / answered).toFixed(1)} ms, ${Math.round(bytes / answered)} bytes`);
    }, 5000);
  }
}

if (process.env.REPORTERS_PORT) reporters(Number(process.env.REPORTERS_PORT));
else main();
