// bench: healthy
// Watercress beds on chalk springs: probes in the beds send some lines many times a second over kept connections; the
// readings are kept in short rings here and written to Redis together, and growers ask for the report of a bed.
// (An event loop: intervals of 50 and 100 ms with work nearly every time, a scan of two dozen beds, one round trip to
// Redis for a report, a sorted copy of a short ring.)
//
// Measured: 1440 lines and 77 reports a second, 10 batches a second, 6 % of a core.
'use strict';

const { execFileSync } = require('child_process');
const http = require('http');
const net = require('net');
const Redis = require('ioredis');

const BEDS = 24;
const RING = 96;
const LIMITS = { celsius: [8.5, 12.5], flow: [14, 60], nitrate: [0, 38] };
const FLUSH_MS = 100;
const WATCH_MS = 50;

class Ring {
  constructor(size) {
    this.values = new Float64Array(size);
    this.next = 0;
    this.filled = 0;
  }

  add(value) {
    this.values[this.next] = value;
    this.next = (this.next + 1) % this.values.length;
    this.filled = Math.min(this.filled + 1, this.values.length);
  }

  quantiles(...shares) {
    const sorted = this.values.slice(0, this.filled).sort();
    return shares.map((share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]);
  }
}

class Bed {
  constructor(id) {
    this.id = id;
    this.rings = { celsius: new Ring(RING), flow: new Ring(RING), nitrate: new Ring(RING) };
    this.latest = null;
    this.fresh = false;
    this.alarm = '';
  }

  take(celsius, flow, nitrate) {
    this.latest = { celsius, flow, nitrate, at: Date.now() };
    this.fresh = true;
    this.rings.celsius.add(celsius);
    this.rings.flow.add(flow);
    this.rings.nitrate.add(nitrate);
  }

  check() {
    if (!this.latest) return '';
    for (const [name, [low, high]] of Object.entries(LIMITS)) {
      if (this.latest[name] < low || this.latest[name] > high) return name;
    }
    return '';
  }
}

class Farm {
  constructor(redis) {
    this.redis = redis;
    this.beds = Array.from({ length: BEDS }, (_, id) => new Bed(id));
    this.changes = [];
    this.writing = false;
    this.counts = { lines: 0, bad: 0, reports: 0, batches: 0 };
  }

  line(text) {
    const [id, celsius, flow, nitrate] = text.split(' ', 4).map(Number);
    const bed = this.beds[id];
    if (!bed || !(celsius > -5 && flow >= 0 && nitrate >= 0)) {
      this.counts.bad++;
      return;
    }
    bed.take(celsius, flow, nitrate);
    this.counts.lines++;
  }

  watch() {
    for (const bed of this.beds) {
      const alarm = bed.check();
      if (alarm !== bed.alarm) {
        bed.alarm = alarm;
        this.changes.push(`${bed.id}:${alarm || 'well'}`);
      }
    }
  }

  /** What came since the last time, in one round trip; never two at once. */
  async flush() {
    if (this.writing) return;
    const fresh = this.beds.filter((bed) => bed.fresh);
    if (!fresh.length && !this.changes.length) return;
    this.writing = true;
    const batch = this.redis.pipeline();
    for (const bed of fresh) {
      bed.fresh = false;
      batch.hset(`bed:${bed.id}`, bed.latest);
    }
    if (this.changes.length) batch.lpush('changes', ...this.changes.splice(0)).ltrim('changes', 0, 199);
    try {
      await batch.exec();
      this.counts.batches++;
    } finally {
      this.writing = false;
    }
  }

  async report(id) {
    const bed = this.beds[id];
    if (!bed || !bed.latest) return null;
    const changes = await this.redis.lrange('changes', 0, 9);
    const spread = {};
    for (const [name, ring] of Object.entries(bed.rings)) spread[name] = ring.quantiles(0.1, 0.5, 0.9);
    this.counts.reports++;
    return { bed: id, latest: bed.latest, alarm: bed.alarm, spread, changes };
  }
}

// ---- the two doors

function probeServer(farm) {
  return net.createServer((socket) => {
    let carry = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      const lines = (carry + chunk).split('\n');
      carry = lines.pop();
      for (const line of lines) farm.line(line);
      if (carry.length > 200) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
  });
}

function growerServer(farm) {
  const answer = (response, status, value) => {
    const body = JSON.stringify(value);
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  };
  const server = http.createServer(async (request, response) => {
    try {
      const report = await farm.report(Number(request.url.slice('/beds/'.length)));
      if (report) answer(response, 200, report);
      else answer(response, 404, { error: 'no such bed' });
    } catch (error) {
      answer(response, 503, { error: error.message });
    }
  });
  server.keepAliveTimeout = 65000;
  return server;
}

const listening = (server) =>
  new Promise((done, failed) => {
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => done(server.address().port));
  });

// ---- probes and growers, in processes of their own

const SCRIPT = `
import math, os, socket, sys, time
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients, services
probes, growers, beds = map(int, sys.argv[1:])

def send():
    lines = [socket.create_connection(("127.0.0.1", probes)) for _ in range(beds)]
    due = time.monotonic()
    for turn in range(1 << 40):
        for bed, line in enumerate(lines):
            values = (10 + 3 * math.sin(turn / 70 + bed), 35 + 20 * math.cos(turn / 90 + bed), 20 + bed % 17)
            text = "".join(f"{bed} {values[0] + n / 10:.2f} {values[1]:.1f} {values[2]}\\n" for n in range(3))
            line.sendall(text.encode())
        due += 0.05
        time.sleep(max(0.0, due - time.monotonic()))

services.outside(send)
services.outside(lambda: clients.come(growers, [f"/beds/{bed}" for bed in range(beds + 1)], 80, 4))
`;

async function main() {
  const quiet = { stdio: ['ignore', 'pipe', 'ignore'] };
  const told = execFileSync(process.env.PYTHON, [process.env.SERVICES, 'redis'], quiet);
  const redis = new Redis({ host: '127.0.0.1', port: Number(told), maxRetriesPerRequest: 2 });
  redis.on('error', (error) => console.error(`redis: ${error.message}`));
  const farm = new Farm(redis);
  const ports = [await listening(probeServer(farm)), await listening(growerServer(farm))];
  setInterval(() => farm.watch(), WATCH_MS);
  setInterval(() => farm.flush().catch((error) => console.error(`flush: ${error.message}`)), FLUSH_MS);
  execFileSync(process.env.PYTHON, ['-c', SCRIPT, ...ports.map(String), String(BEDS)], { stdio: 'ignore' });
  const warm = setInterval(() => {
    if (farm.counts.reports < 500) return;
    clearInterval(warm);
    console.log(`ready ${process.pid}`);
  }, 100);
  setInterval(() => console.error(JSON.stringify(farm.counts)), 10000);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
