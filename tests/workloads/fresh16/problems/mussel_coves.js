// expect: pattern=serial-requests bench
// Advice for gatherers of wild mussels: for each cove of a coast the shellfish laboratory is asked for its last toxin
// result; the coast's page says where one may gather, where one must wait for the tide, and where it is forbidden.
//
// Measured: in 60 s 594 pages in 208 ms each, 3.8 s of CPU; the twin 594 in 32 ms, 2.3 s.
'use strict';

const { execFileSync, fork } = require('child_process');
const http = require('http');
const { Agent, request } = require('undici');

const COASTS = {
  armorique: ['argol', 'camaret', 'dinan', 'goulien', 'kerloch', 'lostmarc', 'morgat', 'palue', 'rostudel', 'veryach'],
  gower: ['bracelet', 'caswell', 'fall', 'horton', 'langland', 'mewslade', 'oxwich', 'paviland', 'rhossili'],
  burren: ['ballyryan', 'bishops', 'doolin', 'fanore', 'finavarra', 'flaggy', 'murroogh', 'newquay', 'poulsallagh'],
  costa: ['barizo', 'laxe', 'malpica', 'muxia', 'nemina', 'razo', 'rostro', 'soesto', 'traba', 'trece', 'xarda'],
};

const LIMITS = { caution: 400, closed: 800 };

// ---- the laboratory

class LaboratoryError extends Error {
  constructor(cove, status) {
    super(`laboratory answers ${status} for ${cove}`);
    this.status = status;
  }
}

class ToxinLaboratory {
  constructor(origin) {
    this.origin = origin;
    this.agent = new Agent({ connections: 64, keepAliveTimeout: 30000 });
  }

  async result(coast, cove) {
    const url = `${this.origin}/coasts/${coast}/coves/${cove}/toxins`;
    const { statusCode, body } = await request(url, { dispatcher: this.agent, headersTimeout: 5000 }); // <- cost
    if (statusCode !== 200) {
      await body.dump();
      throw new LaboratoryError(cove, statusCode);
    }
    const told = await body.json();
    return { cove, saxitoxin: told.price, sample: told.name, batches: told.stock };
  }
}

// ---- the tides

class TideTable {
  constructor(clock = Date.now) {
    this.clock = clock;
  }

  hoursToLow(index) {
    const phase = (this.clock() / 3600000 + index * 0.07) % 12.42;
    return 12.42 - phase;
  }
}

// ---- the advice

class AdviceService {
  constructor(laboratory, tides) {
    this.laboratory = laboratory;
    this.tides = tides;
  }

  verdict(result, hours) {
    if (result.saxitoxin >= LIMITS.closed) return 'forbidden';
    if (result.saxitoxin >= LIMITS.caution) return 'only with a warden';
    return hours < 2 ? 'gather now' : 'wait for the ebb';
  }

  async *results(coast) {
    for (const cove of COASTS[coast]) {
      yield await this.laboratory.result(coast, cove); // <- cost
    }
  }

  async advise(coast) {
    const coves = [];
    for await (const result of this.results(coast)) {
      const hours = this.tides.hoursToLow(coves.length);
      coves.push({ ...result, hours: Number(hours.toFixed(1)), verdict: this.verdict(result, hours) });
    }
    const closed = coves.filter((cove) => cove.verdict === 'forbidden').length;
    return { coast, closed, open: coves.length - closed, coves };
  }
}

// ---- the application

const handled = (handler) => async (request_, response, next) => {
  try {
    await handler(request_, response);
  } catch (error) {
    next(error);
  }
};

function coastsRouter(express, advice) {
  const router = express.Router();
  router.param('coast', (request_, response, next, coast) => {
    if (!Object.hasOwn(COASTS, coast)) return response.status(404).json({ error: 'no such coast' });
    return next();
  });
  router.get('/', (request_, response) => response.json(Object.keys(COASTS)));
  router.get('/:coast/advice', handled(async (request_, response) => {
    response.json(await advice.advise(request_.params.coast));
  }));
  return router;
}

function application(advice) {
  const express = require('express');
  const app = express();
  app.disable('x-powered-by');
  app.use('/coasts', coastsRouter(express, advice));
  app.use((error, request_, response, next) => {
    if (response.headersSent) return next(error);
    const status = error instanceof LaboratoryError ? 502 : 500;
    return response.status(status).json({ error: error.message });
  });
  return app;
}

// ---- the gatherers, in a process of their own

class Gatherer {
  constructor(port, agent, sums) {
    this.options = { host: '127.0.0.1', port, agent };
    this.sums = sums;
    this.busy = false;
  }

  look(path) {
    if (this.busy) return false;
    this.busy = true;
    const from = performance.now();
    const answered = (response) => response.resume().on('end', () => {
      this.busy = false;
      this.sums.pages++;
      this.sums.waited += performance.now() - from;
    });
    http.get({ ...this.options, path }, answered).on('error', () => {
      this.busy = false;
    });
    return true;
  }
}

function gatherers(port) {
  const agent = new http.Agent({ keepAlive: true });
  const sums = { pages: 0, waited: 0 };
  const all = Array.from({ length: 16 }, () => new Gatherer(port, agent, sums));
  const paths = Object.keys(COASTS).map((coast) => `/coasts/${coast}/advice`);
  let turn = 0;
  setInterval(() => {
    const path = paths[turn++ % paths.length];
    all.some((gatherer) => gatherer.look(path));
  }, 90);
  if (process.env.REPORT) {
    setInterval(() => console.error(`${sums.pages} pages, ${(sums.waited / sums.pages).toFixed(1)} ms each`), 5000);
  }
  process.on('disconnect', () => process.exit(0));
  setTimeout(() => process.send('running'), 200);
}

function main() {
  const { PYTHON, SERVICES } = process.env;
  const piped = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  const told = execFileSync(PYTHON, [SERVICES, 'http', '15'], piped);
  const laboratory = new ToxinLaboratory(`http://127.0.0.1:${told.trim()}`);
  const app = application(new AdviceService(laboratory, new TideTable()));
  const server = app.listen(0, '127.0.0.1', () => {
    const load = fork(__filename, { env: { ...process.env, LOAD_PORT: String(server.address().port) } });
    load.once('message', () => console.log(`ready ${process.pid}`));
  });
  server.keepAliveTimeout = 65000;
}

if (process.env.LOAD_PORT) gatherers(Number(process.env.LOAD_PORT));
else main();
