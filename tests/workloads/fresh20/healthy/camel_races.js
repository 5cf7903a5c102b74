// bench: healthy
// Camel races with robot jockeys: each camel has a transmitter that posts its way along the track, a few positions at a
// time; owners who drive beside the track follow the field on a stream of events, which tells the standing five times a
// second; vets read the pulse of one camel.
//
// Measured: 49 requests and 70 events a second, 4.5 % of a core, 1.6 ms each.
'use strict';

const { spawnSync } = require('child_process');
const http = require('http');

const TRACK = 6000; // metres
const CAMELS = 28;
const OWNERS = 14;
const TICK = 200; // ms between two standings
const KEPT = 64; // positions kept of each camel

// ---- the field

class Camel {
  constructor(number) {
    this.number = number;
    this.metres = new Float64Array(KEPT);
    this.times = new Float64Array(KEPT);
    this.pulses = new Uint8Array(KEPT);
    this.count = 0;
    this.laps = 0;
  }

  move(points) {
    for (const [time, metres, pulse] of points) {
      const last = this.count ? this.metres[(this.count - 1) % KEPT] : 0;
      if (metres < last - TRACK / 2) this.laps += 1;
      const at = this.count++ % KEPT;
      this.metres[at] = metres;
      this.times[at] = time;
      this.pulses[at] = pulse;
    }
  }

  run() {
    return this.count ? this.laps * TRACK + this.metres[(this.count - 1) % KEPT] : 0;
  }

  /** Metres a second, over the positions kept. */
  speed() {
    const filled = Math.min(this.count, KEPT);
    if (filled < 2) return 0;
    const [first, last] = [(this.count - filled) % KEPT, (this.count - 1) % KEPT];
    const way = (this.metres[last] - this.metres[first] + TRACK) % TRACK;
    return (way * 1000) / Math.max(1, this.times[last] - this.times[first]);
  }

  pulse() {
    const filled = Math.min(this.count, KEPT);
    const beats = this.pulses.subarray(0, filled);
    return { camel: this.number, mean: filled ? beats.reduce((sum, beat) => sum + beat, 0) / filled : null };
  }
}

class Field {
  constructor(camels) {
    this.camels = Array.from({ length: camels }, (_, n) => new Camel(n + 1));
  }

  camel(number) {
    return this.camels.find((camel) => camel.number === number);
  }

  standing() {
    const field = this.camels.map((camel) => ({ camel: camel.number, run: camel.run(), speed: camel.speed() }));
    field.sort((a, b) => b.run - a.run);
    const lead = field[0].run;
    return field.map(({ camel, run, speed }) => ({
      camel,
      behind: Math.round(lead - run),
      kmh: Math.round(speed * 36) / 10,
    }));
  }
}

// ---- the owners' streams

class Stands {
  constructor(most = 200) {
    this.most = most;
    this.streams = new Set();
    this.told = 0;
    this.dropped = 0;
  }

  admit(request, response) {
    if (this.streams.size >= this.most) return response.status(503).end();
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(': welcome\n\n');
    this.streams.add(response);
    return request.on('close', () => this.streams.delete(response));
  }

  /** One text for all; who does not keep up misses a standing, not the race. */
  tell(number, standing) {
    if (!this.streams.size) return;
    const text = `id: ${number}\nevent: standing\ndata: ${JSON.stringify(standing)}\n\n`;
    for (const stream of this.streams) {
      if (stream.writableLength > 65536) this.dropped += 1;
      else stream.write(text);
    }
    this.told += 1;
  }
}

class Steward {
  constructor(field, stands, tick) {
    this.field = field;
    this.stands = stands;
    this.tick = tick;
    this.number = 0;
    this.due = performance.now() + tick;
  }

  start() {
    this.stands.tell(this.number++, this.field.standing());
    this.due = Math.max(this.due + this.tick, performance.now());
    setTimeout(() => this.start(), this.due - performance.now());
  }
}

// ---- the application

function application(field, stands) {
  const express = require('express');
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');

  app.param('camel', (request, response, next, value) => {
    request.camel = field.camel(Number(value));
    return request.camel ? next() : response.status(404).json({ error: 'no such camel' });
  });
  app.post('/camels/:camel/way', express.json({ limit: '8kb' }), (request, response) => {
    const { points } = request.body;
    const sound = Array.isArray(points) && points.length <= 50 && points.every((point) => point.length === 3);
    if (!sound) return response.status(422).json({ error: 'points of three numbers' });
    request.camel.move(points);
    return response.status(204).end();
  });
  app.get('/camels/:camel/pulse', (request, response) => response.json(request.camel.pulse()));
  app.get('/standing', (request, response) => response.json(field.standing()));
  app.get('/stream', (request, response) => stands.admit(request, response));
  app.use((error, request, response, next) => {
    if (response.headersSent) return next(error);
    return response.status(error.status || 500).json({ error: error.message });
  });
  return app;
}

// ---- transmitters, owners and vets, in a process that is nobody's child

function race(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CAMELS });
  const where = { host: '127.0.0.1', port };
  const sums = { answered: 0, waited: 0, events: 0, misses: 0 };
  const miss = () => ++sums.misses > 50 && process.exit(0);
  const ask = (method, path, said) => {
    const from = performance.now();
    const headers = said ? { 'Content-Type': 'application/json' } : {};
    const asked = http.request({ ...where, agent, method, path, headers }, (answer) => {
      answer.resume().on('end', () => {
        sums.answered++;
        sums.waited += performance.now() - from;
      });
    });
    asked.on('error', miss);
    asked.end(said && JSON.stringify(said));
  };
  const camels = Array.from({ length: CAMELS }, (_, n) => ({ number: n + 1, metres: 0, pace: 9.5 + (n % 5) / 4 }));
  let turn = 0;
  setInterval(() => {
    const camel = camels[turn++ % CAMELS];
    const now = Date.now();
    const points = Array.from({ length: 7 }, (_, n) => {
      camel.metres = (camel.metres + camel.pace * 0.1) % TRACK;
      return [now - 600 + n * 100, Math.round(camel.metres * 10) / 10, 110 + ((turn + n) % 40)];
    });
    ask('POST', `/camels/${camel.number}/way`, { points });
  }, 25);
  setInterval(() => ask('GET', `/camels/${1 + (turn % CAMELS)}/pulse`), 150);
  setInterval(() => ask('GET', '/standing'), 400);
  for (let owner = 0; owner < OWNERS; owner++) {
    http.get({ ...where, agent: false, path: '/stream' }, (stream) => {
      stream.on('data', () => sums.events++).on('end', miss);
    }).on('error', miss);
  }
  setInterval(() => {
    const each = (sums.waited / sums.answered).toFixed(1);
    console.error(`${sums.answered} answered, ${each} ms each, ${sums.events} events`);
  }, 5000);
}

function main() {
  const field = new Field(CAMELS);
  const stands = new Stands();
  const server = application(field, stands).listen(0, '127.0.0.1', () => {
    const env = { ...process.env, RACE_PORT: String(server.address().port) };
    const command = '"$0" "$1" >/dev/null 2>>"${REPORT:-/dev/null}" </dev/null &';
    spawnSync('sh', ['-c', command, process.execPath, __filename], { env });
    new Steward(field, stands, TICK).start();
    setTimeout(() => console.log(`ready ${process.pid}`), 3000);
  });
  server.keepAliveTimeout = 65000;
}

if (process.env.RACE_PORT) race(Number(process.env.RACE_PORT));
else main();
