// expect: healthy bench
// Archive of sea shanties on tape: listeners stream the recordings, whole or from where they left off (Range), and the
// player asks again with If-None-Match. Files are opened for each listener and read in pieces of 64 kB from the page
// cache, as fast as the listener takes them; the notes on the tapes are read once, at the start.
//
// Measured: 958 answers in 60 s, 134 MB, 7 ms each, 2.3 s of CPU.
'use strict';

const { fork } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const path = require('path');
const { pipeline } = require('stream/promises');

const TAPES = 12;
const BYTES = 350 * 1024;

// ---- the tapes

/** Compressed sound looks like noise. */
function record(folder) {
  fs.mkdirSync(folder, { recursive: true });
  const notes = [];
  for (let n = 0; n < TAPES; n++) {
    const file = `tape-${n}.opus`;
    fs.writeFileSync(path.join(folder, file), crypto.randomBytes(BYTES));
    notes.push({ id: `tape-${n}`, file, singer: `singer ${n % 5}`, port: ['Whitby', 'Brest', 'Bergen'][n % 3] });
  }
  fs.writeFileSync(path.join(folder, 'notes.json'), JSON.stringify(notes));
}

class Archive {
  constructor(folder) {
    this.folder = folder;
    const notes = JSON.parse(fs.readFileSync(path.join(folder, 'notes.json'), 'utf8'));
    this.tapes = new Map(notes.map((note) => [note.id, note]));
  }

  async open(id) {
    const file = await fs.promises.open(path.join(this.folder, this.tapes.get(id).file));
    const { size, mtimeMs } = await file.stat();
    return { file, size, etag: `"${size.toString(16)}-${Math.floor(mtimeMs).toString(16)}"` };
  }
}

// ---- ranges

function rangeOf(header, size) {
  if (!header) return { start: 0, end: size - 1, partial: false };
  const found = /^bytes=(\d+)-(\d*)$/.exec(header);
  if (!found) return null;
  const start = Number(found[1]);
  const end = found[2] ? Math.min(Number(found[2]), size - 1) : size - 1;
  return start <= end ? { start, end, partial: true } : null;
}

// ---- application

const handled = (handler) => (request, response, next) => handler(request, response, next).catch(next);

function tapesRouter(express, archive, counts) {
  const router = express.Router();
  router.get('/', (request, response) => response.json([...archive.tapes.values()]));

  router.param('id', (request, response, next, id) => {
    if (!archive.tapes.has(id)) return response.status(404).json({ error: 'no such tape' });
    return next();
  });

  router.get('/:id/sound', handled(async (request, response) => {
    const { file, size, etag } = await archive.open(request.params.id);
    try {
      response.set({ ETag: etag, 'Accept-Ranges': 'bytes', 'Cache-Control': 'private, max-age=60' });
      if (request.get('If-None-Match') === etag) {
        response.status(304).end();
        return;
      }
      const range = rangeOf(request.get('Range'), size);
      if (!range) {
        response.status(416).set('Content-Range', `bytes */${size}`).end();
        return;
      }
      response.status(range.partial ? 206 : 200);
      response.set({ 'Content-Type': 'audio/ogg', 'Content-Length': range.end - range.start + 1 });
      if (range.partial) response.set('Content-Range', `bytes ${range.start}-${range.end}/${size}`);
      const stream = file.createReadStream({ start: range.start, end: range.end, autoClose: false });
      await pipeline(stream, response);
      counts.sent += range.end - range.start + 1;
      counts.heard += 1;
    } finally {
      await file.close();
    }
  }));
  return router;
}

function application(archive) {
  const express = require('express');
  const app = express();
  const counts = { sent: 0, heard: 0 };
  app.disable('x-powered-by');
  app.use('/tapes', tapesRouter(express, archive, counts));
  app.get('/counts', (request, response) => response.json(counts));
  app.use((error, request, response, next) => {
    if (error.code === 'ERR_STREAM_PREMATURE_CLOSE') return undefined; // the listener went away
    if (response.headersSent) return next(error);
    console.error(error.message);
    return response.status(500).json({ error: 'internal' });
  });
  return app;
}

// ---- the listeners, in a process of their own

class Listener {
  constructor(port, agent, sums) {
    this.options = { host: '127.0.0.1', port, agent };
    this.sums = sums;
    this.busy = false;
    this.etags = new Map();
  }

  ask(where, headers, done) {
    const from = performance.now();
    const request = http.get({ ...this.options, path: where, headers }, (response) => {
      response.on('data', (piece) => {
        this.sums.bytes += piece.length;
      });
      response.on('end', () => {
        this.sums.heard++;
        this.sums.waited += performance.now() - from;
        done(response);
      });
    });
    request.on('error', () => done({ headers: {} }));
  }

  headers(id) {
    const choice = Math.random();
    if (choice < 0.2 && this.etags.has(id)) return { 'If-None-Match': this.etags.get(id) };
    if (choice < 0.7) {
      const start = Math.floor(Math.random() * (BYTES - 100000));
      return { Range: `bytes=${start}-${start + 98303}` };
    }
    return {};
  }

  listen() {
    if (this.busy) return false;
    this.busy = true;
    const id = `tape-${Math.floor(Math.random() * TAPES)}`;
    this.ask(`/tapes/${id}/sound`, this.headers(id), (response) => {
      if (response.headers.etag) this.etags.set(id, response.headers.etag);
      this.busy = false;
    });
    return true;
  }
}

function listeners(port) {
  const agent = new http.Agent({ keepAlive: true });
  const sums = { heard: 0, bytes: 0, waited: 0 };
  const all = Array.from({ length: 12 }, () => new Listener(port, agent, sums));
  setInterval(() => all.some((listener) => listener.listen()), 70);
  const browser = new Listener(port, agent, sums);
  setInterval(() => browser.ask('/tapes', {}, () => {}), 500);
  if (process.env.REPORT) {
    setInterval(() => {
      const each = (sums.waited / sums.heard).toFixed(1);
      console.error(`${sums.heard} answered, ${(sums.bytes / 1e6).toFixed(1)} MB, ${each} ms each`);
    }, 5000);
  }
  process.on('disconnect', () => process.exit(0));
  setTimeout(() => process.send('running'), 200);
}

function main() {
  const folder = path.resolve('tapes');
  record(folder);
  const server = application(new Archive(folder)).listen(0, '127.0.0.1', () => {
    const load = fork(__filename, { env: { ...process.env, LOAD_PORT: String(server.address().port) } });
    load.once('message', () => console.log(`ready ${process.pid}`));
  });
  server.keepAliveTimeout = 65000;
}

if (process.env.LOAD_PORT) listeners(Number(process.env.LOAD_PORT));
else main();
