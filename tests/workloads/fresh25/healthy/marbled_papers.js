// bench: healthy
// A marbler's studio: orders for marbled papers come in bursts and are answered at once; one worker thread lays the
// colours and combs them (the real work), the papers are packed once in the background, and shops fetch them.
// (Bursts of computing in one thread on purpose, a queue with an end, a cache with an end, buffers that are handed
// over and not copied.)
//
// Measured: 14 papers in a burst, every 1.5 s; 50 fetched a second; 38 % of a core, nothing waits at the next burst.
'use strict';

const { execFileSync } = require('child_process');
const http = require('http');
const { promisify } = require('util');
const { Worker, isMainThread, parentPort } = require('worker_threads');
const zlib = require('zlib');

const SIDE = 352;
const QUEUED = 48;
const KEPT = 40;
const BASE_INKS = [18, 64, 120, 176, 222];
const gzip = promisify(zlib.gzip);

// ---- the bath: drops push each other outwards, tines pull them along; each pixel is traced back

function plan(seed) {
  let state = (seed * 2654435761) >>> 0 || 1;
  const chance = () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
  const drops = Array.from({ length: 26 }, (_, n) => ({
    x: chance() * SIDE,
    y: chance() * SIDE,
    r2: (10 + chance() * 34) ** 2,
    ink: BASE_INKS[n % BASE_INKS.length],
  }));
  const tine = (_, n) => ({ x: ((n + 0.5) * SIDE) / 9, pull: 26 + chance() * 12, sharp: 9 });
  const tines = Array.from({ length: 9 }, tine);
  return { drops, tines };
}

function marble(seed) {
  const { drops, tines } = plan(seed);
  const pixels = new Uint8Array(SIDE * SIDE);
  const pulls = new Float64Array(SIDE); // how far a column was pulled: the same for all rows
  for (let x = 0; x < SIDE; x++) {
    for (const { x: at, pull, sharp } of tines) pulls[x] += pull * Math.exp(-Math.abs(x - at) / sharp);
  }
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      let x = column;
      let y = row - pulls[column];
      let ink = 250;
      for (let n = drops.length - 1; n >= 0; n--) {
        const drop = drops[n];
        const dx = x - drop.x;
        const dy = y - drop.y;
        const d2 = dx * dx + dy * dy;
        if (d2 < drop.r2) {
          ink = drop.ink;
          break;
        }
        const back = Math.sqrt(1 - drop.r2 / d2);
        x = drop.x + dx * back;
        y = drop.y + dy * back;
      }
      pixels[row * SIDE + column] = ink;
    }
  }
  return pixels;
}

// ---- the studio

class Studio {
  constructor(worker) {
    this.worker = worker;
    this.waiting = [];
    this.busy = false;
    this.papers = new Map(); // the oldest goes first
    this.counts = { ordered: 0, refused: 0, made: 0, fetched: 0 };
    worker.on('message', ({ id, pixels }) => this.finish(id, pixels));
  }

  order(seed) {
    if (this.waiting.length >= QUEUED) {
      this.counts.refused++;
      return null;
    }
    const id = ++this.counts.ordered;
    this.waiting.push({ id, seed });
    this.next();
    return id;
  }

  next() {
    if (this.busy || !this.waiting.length) return;
    this.busy = true;
    this.worker.postMessage(this.waiting.shift());
  }

  async finish(id, pixels) {
    this.busy = false;
    this.next();
    const packed = await gzip(pixels, { level: 4 });
    this.papers.set(id, packed);
    if (this.papers.size > KEPT) this.papers.delete(this.papers.keys().next().value);
    this.counts.made++;
  }

  /** A paper by its number, or how many papers ago it was made. */
  paper(number) {
    const id = number > 0 ? number : this.counts.made + number;
    return this.papers.get(id);
  }
}

function service(studio) {
  const tell = (response, status, value) => {
    const body = JSON.stringify(value);
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  };
  return (request, response) => {
    const [, what, number] = request.url.split('/');
    if (what === 'order') {
      const id = studio.order(Number(number) + studio.counts.ordered);
      if (id) tell(response, 202, { id, before: studio.waiting.length });
      else tell(response, 503, { error: 'come back later' });
      return;
    }
    const packed = what === 'paper' && studio.paper(Number(number));
    if (!packed) {
      tell(response, 404, { error: 'no such paper' });
      return;
    }
    studio.counts.fetched++;
    response.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Length': packed.length }).end(packed);
  };
}

// ---- orders in bursts, and shops, in processes of their own

const SCRIPT = `
import http.client, os, sys, time
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients, services
port = int(sys.argv[1])

def order():
    line, due = http.client.HTTPConnection("127.0.0.1", port), time.monotonic()
    for burst in range(1 << 40):
        for n in range(14):
            line.request("GET", f"/order/{burst * 31 + n}")
            line.getresponse().read()
        due += 1.5
        time.sleep(max(0.0, due - time.monotonic()))

services.outside(order)
services.outside(lambda: clients.come(port, [f"/paper/-{n}" for n in range(1, 25)], 50, 3))
`;

function main() {
  const worker = new Worker(__filename);
  worker.on('error', (error) => {
    console.error(error);
    process.exit(1);
  });
  const studio = new Studio(worker);
  const server = http.createServer(service(studio));
  server.keepAliveTimeout = 65000;
  server.listen(0, '127.0.0.1', () => {
    execFileSync(process.env.PYTHON, ['-c', SCRIPT, String(server.address().port)], { stdio: 'ignore' });
    const warm = setInterval(() => {
      if (studio.counts.made < KEPT) return;
      clearInterval(warm);
      console.log(`ready ${process.pid}`);
    }, 100);
  });
  setInterval(() => console.error(JSON.stringify({ ...studio.counts, waiting: studio.waiting.length })), 10000);
}

if (isMainThread) {
  main();
} else {
  parentPort.on('message', ({ id, seed }) => {
    const pixels = marble(seed);
    parentPort.postMessage({ id, pixels }, [pixels.buffer]);
  });
}
