// expect: healthy bench
// A society of dowsers: members send the walks of a survey (where the rod dipped, and how far), and get back where to
// dig; a field is worked out in bands, with other requests in between, and is given up when the house closes or the
// member hangs up.
//
// Measured: grows by 3.9 MiB/s (104 -> 144 MiB in 10 s); the twin stays at 54 to 60 MiB for 30 s. CPU 7 %, twin 5 %.
'use strict';

const { spawnSync } = require('child_process');
const { setMaxListeners } = require('events');
const fs = require('fs');
const http = require('http');
const { setImmediate: breath } = require('timers/promises');

const SIDE = 96;
const BAND = 16;
const DIPS = 160;
const SURVEYS_A_SECOND = 32;

class GivenUp extends Error {}

// ---- one survey

class SurveyJob {
  constructor(parish, dips) {
    this.parish = parish;
    this.dips = dips;
    this.rows = [];
    this.reason = null;
  }

  giveUp(reason) {
    this.reason = reason;
  }

  check() {
    if (this.reason) throw new GivenUp(this.reason);
  }

  /** The pull along a line of latitude, out of the dips that are near to it. */
  row(y) {
    const near = this.dips.filter((dip) => Math.abs(dip.y - y) < 5);
    const row = [];
    for (let x = 0; x < SIDE; x++) {
      let pull = 0.25 + y / 1024;
      for (const dip of near) {
        const off = Math.abs(dip.x - x);
        if (off < 8) pull += dip.depth / (1.5 + off * off + Math.abs(dip.y - y));
      }
      row.push(pull);
    }
    return row;
  }

  async run() {
    for (let from = 0; from < SIDE; from += BAND) {
      this.check();
      for (let y = from; y < from + BAND; y++) this.rows.push(this.row(y));
      await breath();
    }
    return this.places();
  }

  /** The strongest place in each quarter of the field. */
  places() {
    const best = new Map();
    this.rows.forEach((row, y) => {
      row.forEach((pull, x) => {
        const quarter = (y < SIDE / 2 ? 'north' : 'south') + (x < SIDE / 2 ? 'west' : 'east');
        const found = best.get(quarter);
        if (!found || found.pull < pull) best.set(quarter, { x, y, pull });
      });
    });
    return [...best].map(([quarter, { x, y, pull }]) => ({ quarter, x, y, pull: Number(pull.toFixed(3)) }));
  }
}

// ---- the office

class Office {
  constructor() {
    this.closing = new AbortController();
    setMaxListeners(0, this.closing.signal);
    this.parishes = new Map();
    this.recent = [];
    this.running = 0;
  }

  async survey(parish, dips, request) {
    const job = new SurveyJob(parish, dips);
    const closed = () => job.giveUp('the office closes');
    const hungUp = () => job.giveUp('the member hung up');
    this.closing.signal.addEventListener('abort', closed);
    request.socket.once('close', hungUp);
    this.running++;
    try {
      const places = await job.run();
      this.note(parish, places);
      return { parish, places };
    } finally {
      this.running--;
      this.closing.signal.removeEventListener('abort', closed);
      request.socket.off('close', hungUp);
    }
  }

  note(parish, places) {
    const seen = this.parishes.get(parish) || { surveys: 0, strongest: null };
    seen.surveys++;
    for (const place of places) {
      if (!seen.strongest || seen.strongest.pull < place.pull) seen.strongest = place;
    }
    this.parishes.set(parish, seen);
    this.recent.push({ parish, at: Date.now(), places: places.length });
    if (this.recent.length > 50) this.recent.shift();
  }

  parish(name) {
    const seen = this.parishes.get(name);
    return seen && { parish: name, ...seen, running: this.running, recent: this.recent.slice(-5) };
  }

  close() {
    this.closing.abort();
  }
}

// ---- the server

async function read(request, limit = 1 << 20) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > limit) throw new RangeError('too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

async function answer(request, office) {
  const [, what, parish] = request.url.split('/');
  if (what !== 'parishes' || !parish) return [404, { error: 'not found' }];
  if (request.method === 'GET') {
    const seen = office.parish(parish);
    return seen ? [200, seen] : [404, { error: 'nobody walked there' }];
  }
  const { dips } = JSON.parse(await read(request));
  if (!Array.isArray(dips) || !dips.length) return [400, { error: 'the rod never dipped' }];
  return [200, await office.survey(parish, dips, request)];
}

function serve(office) {
  return http.createServer(async (request, response) => {
    let status;
    let value;
    try {
      [status, value] = await answer(request, office);
    } catch (error) {
      if (error instanceof GivenUp) [status, value] = [503, { error: error.message }];
      else [status, value] = [error instanceof RangeError ? 413 : 400, { error: error.message }];
    }
    const body = JSON.stringify(value);
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  });
}

// ---- members, in a process of their own

function members(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const walks = Array.from({ length: 30 }, (_, walk) => {
    const dips = Array.from({ length: DIPS }, (__, n) => ({
      x: (n * 37 + walk * 11) % SIDE,
      y: (n * 61 + walk * 5) % SIDE,
      depth: Number((1 + ((n * 7919 + walk) % 17) / 3).toFixed(2)),
    }));
    return Buffer.from(JSON.stringify({ dips }));
  });
  const sums = { answered: 0, waited: 0 };
  let open = 0;
  const ask = (method, path, body) => {
    if (open >= 16) return;
    open++;
    const from = performance.now();
    const headers = body ? { 'Content-Type': 'application/json', 'Content-Length': body.length } : {};
    const request = http.request({ port, host: '127.0.0.1', agent, method, path, headers }, (response) => {
      response.resume().on('end', () => {
        open--;
        sums.answered++;
        sums.waited += performance.now() - from;
      });
    });
    request.on('error', (error) => (error.code === 'ECONNREFUSED' ? process.exit() : open--));
    request.end(body);
  };
  const started = performance.now();
  let sent = 0;
  setInterval(() => {
    const due = ((performance.now() - started) / 1000) * SURVEYS_A_SECOND;
    for (; sent < due; sent++) ask('POST', `/parishes/p${sent % 60}`, walks[sent % walks.length]);
  }, 10);
  setInterval(() => ask('GET', `/parishes/p${sent % 60}`), 40);
  setInterval(() => {
    if (!process.env.REPORT) return;
    fs.appendFileSync(process.env.REPORT, `${sums.answered} answered, ${(sums.waited / sums.answered).toFixed(1)} ms\n`);
  }, 5000);
}

function main() {
  const office = new Office();
  const server = serve(office).listen(0, '127.0.0.1', () => {
    const env = { ...process.env, LOAD_PORT: String(server.address().port) };
    spawnSync('sh', ['-c', '"$0" "$1" >/dev/null 2>&1 &', process.execPath, __filename], { env, stdio: 'ignore' });
    setTimeout(() => console.log(`ready ${process.pid}`), 6000);
  });
  server.keepAliveTimeout = 65000;
  process.once('SIGTERM', () => {
    office.close();
    server.close();
    setTimeout(() => process.exit(0), 100);
  });
}

if (process.env.LOAD_PORT) members(Number(process.env.LOAD_PORT));
else main();
