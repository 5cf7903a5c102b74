// expect: pattern=memory-growth bench
// Charts knitting patterns: a designer's editor posts a motif with its repeats, and gets the chart, row by row, with
// the yarn it takes. Editors post again within seconds when the line was bad: answers are kept by Idempotency-Key.
//
// Measured: in 60 s 3274 charts, from 87 to 197 MB (2 MB/s), 4.0 s of CPU; the twin 3266, near 110 MB, 4.1 s.
'use strict';

const { fork } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');

const YARNS = ['oatmeal', 'indigo', 'madder', 'weld', 'walnut', 'lichen'];
const SYMBOLS = ['.', '#', 'o', 'x', '/', '+'];

// ---- remembered answers

class ReplyStore {
  constructor() {
    this.replies = new Map();
  }

  recall(key) {
    return this.replies.get(key);
  }

  remember(key, reply) {
    this.replies.set(key, reply); // <- cost
  }
}

/** Answers a repeated request with what was answered before. */
function idempotent(store) {
  return (request, response, next) => {
    const key = request.get('Idempotency-Key');
    if (!key) return next();
    const known = store.recall(key);
    if (known) {
      response.set('Idempotent-Replayed', 'true');
      return response.status(known.status).json(known.body);
    }
    const json = response.json.bind(response);
    response.json = (body) => {
      if (response.statusCode < 500) store.remember(key, { status: response.statusCode, body, at: Date.now() });
      return json(body);
    };
    return next();
  };
}

// ---- charts

class Motif {
  constructor(rows) {
    this.rows = rows;
    this.width = rows[0].length;
    this.height = rows.length;
  }

  static parse(body) {
    const rows = body && body.rows;
    if (!Array.isArray(rows) || rows.length < 2 || rows.length > 64) throw new RangeError('2 to 64 rows');
    const ragged = rows.some((row) => typeof row !== 'string' || row.length !== rows[0].length);
    if (ragged) throw new RangeError('ragged rows');
    if (/[^0-5]/.test(rows.join(''))) throw new RangeError('yarns go from 0 to 5');
    return new Motif(rows);
  }

  stitches() {
    const counts = new Array(YARNS.length).fill(0);
    for (const row of this.rows) for (const yarn of row) counts[yarn] += 1;
    return counts;
  }
}

class ChartService {
  constructor(gauge) {
    this.gauge = gauge;
  }

  row(motif, index, across) {
    const cells = Array.from(motif.rows[index % motif.height], (yarn) => SYMBOLS[yarn]).join('');
    return { row: index + 1, side: index % 2 ? 'wrong' : 'right', cells: cells.repeat(across) };
  }

  chart(motif, across, up) {
    const rows = [];
    for (let index = 0; index < motif.height * up; index++) rows.push(this.row(motif, index, across));
    const yarns = motif.stitches().map((count, yarn) => ({
      yarn: YARNS[yarn],
      stitches: count * across * up,
      metres: Number((count * across * up * this.gauge.metresPerStitch).toFixed(1)),
    }));
    return {
      stitches: motif.width * across,
      centimetres: Number(((motif.width * across) / this.gauge.stitchesPerCm).toFixed(1)),
      yarns: yarns.filter((yarn) => yarn.stitches),
      rows,
    };
  }
}

// ---- application

function chartsRouter(express, charts, store) {
  const router = express.Router();
  router.post('/', express.json({ limit: '32kb' }), idempotent(store), (request, response, next) => {
    try {
      const { across, up } = request.body;
      if (!(across >= 1 && across <= 20 && up >= 1 && up <= 20)) throw new RangeError('1 to 20 repeats');
      response.status(201).json(charts.chart(Motif.parse(request.body), across, up));
    } catch (error) {
      next(error);
    }
  });
  router.get('/yarns', (request, response) => response.json(YARNS));
  return router;
}

function application() {
  const express = require('express');
  const app = express();
  const charts = new ChartService({ stitchesPerCm: 2.4, metresPerStitch: 0.014 });
  app.disable('x-powered-by');
  app.disable('etag');
  app.use('/charts', chartsRouter(express, charts, new ReplyStore()));
  app.use((error, request, response, next) => {
    if (response.headersSent) return next(error);
    const status = error instanceof RangeError ? 422 : 500;
    return response.status(status).json({ error: error.message });
  });
  return app;
}

// ---- the editors, in a process of their own

class Editor {
  constructor(port, agent, sums) {
    this.options = { host: '127.0.0.1', port, agent, method: 'POST', path: '/charts' };
    this.sums = sums;
    this.last = null;
  }

  draw() {
    const any = (number) => Math.floor(Math.random() * number);
    const width = 12 + any(8);
    const row = () => Array.from({ length: width }, () => any(YARNS.length)).join('');
    const rows = Array.from({ length: 24 }, row);
    return { key: crypto.randomUUID(), body: JSON.stringify({ rows, across: 16, up: 4 }) };
  }

  post() {
    const again = this.last && Math.random() < 0.08;
    this.last = again ? this.last : this.draw();
    const { key, body } = this.last;
    const from = performance.now();
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': key };
    const request = http.request({ ...this.options, headers }, (response) => {
      if (response.headers['idempotent-replayed']) this.sums.replayed++;
      response.resume().on('end', () => {
        this.sums.charts++;
        this.sums.waited += performance.now() - from;
      });
    });
    request.on('error', () => this.sums.failed++);
    request.end(body);
  }
}

function editors(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const sums = { charts: 0, replayed: 0, failed: 0, waited: 0 };
  const all = Array.from({ length: 10 }, () => new Editor(port, agent, sums));
  let turn = 0;
  setInterval(() => all[turn++ % all.length].post(), 17);
  if (process.env.REPORT) {
    setInterval(() => {
      const each = (sums.waited / sums.charts).toFixed(1);
      const [, rss] = fs.readFileSync(`/proc/${process.ppid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/);
      console.error(`${sums.charts} charts, ${sums.replayed} replayed, ${each} ms each, RSS ${rss} kB`);
    }, 5000);
  }
  process.on('disconnect', () => process.exit(0));
  setTimeout(() => process.send('running'), 200);
}

function main() {
  const server = application().listen(0, '127.0.0.1', () => {
    const load = fork(__filename, { env: { ...process.env, LOAD_PORT: String(server.address().port) } });
    load.once('message', () => console.log(`ready ${process.pid}`));
  });
  server.keepAliveTimeout = 65000;
}

if (process.env.LOAD_PORT) editors(Number(process.env.LOAD_PORT));
else main();
