// expect: pattern=blocking-io bench
// Curing house for vanilla: the beans sweat in boxes for weeks, with a probe on an I2C bus in each box. A curer's phone
// asks for a box as it is now (which makes the probe measure, as the kernel's driver does when its file is read); the
// screens in the drying sheds show all boxes as last seen, and the curers note what they turned and wrapped.
//
// Measured: 33 looks of 12.5 ms a second hold up all (41 % of the time); screens wait 4.3 to 6.4 ms, in the twin
// 1.3 ms; looks 17 ms, in the twin 15 ms (12.5 ms of them is the probe).
'use strict';

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const http = require('http');
const path = require('path');

const BOXES = 32;
const MEASURING = 0.0125; // seconds that a probe takes
const STAGES = ['killing', 'sweating', 'drying', 'conditioning'];
const WANTED = { killing: [60, 68], sweating: [45, 56], drying: [33, 45], conditioning: [22, 31] };

const fileOf = (box) => path.join('hwmon', `hwmon${box}`, 'temp1_input');

// Stands for the bus: who opens the file of a probe waits while it measures, and reads a number.
const BUS = `
import os, random, sys, threading, time
def probe(number, name):
    while True:
        with open(name, "wb", buffering=0) as asked:
            time.sleep(${MEASURING})
            value = int(1000 * (24 + number % 4 * 12 + random.random()))
            try:
                asked.write(b"%d\\n" % value)
            except BrokenPipeError:
                pass
        time.sleep(0.005)
for number, name in enumerate(sys.argv[1:]):
    threading.Thread(target=probe, args=(number, name)).start()
`;

// ---- probes

class Probe {
  constructor(box, file) {
    this.box = box;
    this.file = file;
    this.offset = ((box * 37) % 9) / 10 - 0.4; // from the calibration in iced water
  }

  parse(text) {
    const [value] = text.trim().split('\n');
    if (!/^-?\d+$/.test(value)) throw new Error(`probe of box ${this.box}: no value`);
    return Number(value) / 1000 + this.offset;
  }

  async celsius() {
    const text = fs.readFileSync(this.file, 'latin1'); // <- cost
    return this.parse(text);
  }
}

// ---- boxes

class Box {
  constructor(number) {
    this.number = number;
    this.stage = STAGES[number % STAGES.length];
    this.probe = new Probe(number, fileOf(number));
    this.seen = [];
    this.notes = [];
  }

  async look() {
    const celsius = await this.probe.celsius();
    this.seen.push({ celsius, at: Date.now() });
    if (this.seen.length > 48) this.seen.shift();
    return this.state();
  }

  note(text, curer) {
    this.notes.push({ text, curer, at: Date.now() });
    if (this.notes.length > 20) this.notes.shift();
    return this.notes.length;
  }

  state() {
    const last = this.seen[this.seen.length - 1];
    if (!last) return { box: this.number, stage: this.stage, celsius: null, advice: 'look at it' };
    const [least, most] = WANTED[this.stage];
    const advice = last.celsius < least ? 'wrap' : last.celsius > most ? 'air' : 'leave';
    const mean = this.seen.reduce((sum, { celsius }) => sum + celsius, 0) / this.seen.length;
    return {
      box: this.number,
      stage: this.stage,
      celsius: Math.round(last.celsius * 10) / 10,
      mean: Math.round(mean * 10) / 10,
      advice,
      at: last.at,
    };
  }
}

class CuringHouse {
  constructor(count) {
    this.boxes = Array.from({ length: count }, (_, number) => new Box(number));
  }

  box(number) {
    return this.boxes[number];
  }

  overview() {
    const states = this.boxes.map((box) => box.state());
    const advised = {};
    for (const { advice } of states) advised[advice] = (advised[advice] || 0) + 1;
    return { advised, boxes: states };
  }
}

// ---- the application

const handled = (handler) => (request, response, next) => handler(request, response).catch(next);

function application(house) {
  const express = require('express');
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');

  app.param('box', (request, response, next, value) => {
    request.box = /^\d+$/.test(value) ? house.box(Number(value)) : undefined;
    if (!request.box) return response.status(404).json({ error: 'no such box' });
    return next();
  });

  app.get('/boxes', (request, response) => response.json(house.overview()));
  app.get('/boxes/:box', (request, response) => response.json(request.box.state()));
  app.get('/boxes/:box/now', handled(async (request, response) => {
    response.json(await request.box.look());
  }));
  app.post('/boxes/:box/notes', express.json(), (request, response) => {
    const { text, curer } = request.body;
    if (typeof text !== 'string' || text.length > 200) return response.status(422).json({ error: 'what was done?' });
    return response.status(201).json({ notes: request.box.note(text, String(curer)) });
  });

  app.use((error, request, response, next) => {
    if (response.headersSent) return next(error);
    console.error(error.message);
    return response.status(502).json({ error: error.message });
  });
  return app;
}

// ---- phones and screens, in a process that is nobody's child

function phones(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 24 });
  const sums = {};
  let open = 0;
  let misses = 0;
  const ask = (what, method, where, body) => {
    if (open >= 24) return;
    open++;
    const from = performance.now();
    const headers = body ? { 'Content-Type': 'application/json' } : {};
    const asked = http.request({ host: '127.0.0.1', port, agent, method, path: where, headers }, (answer) => {
      answer.resume().on('end', () => {
        open--;
        const sum = (sums[what] = sums[what] || { answered: 0, waited: 0, bad: 0 });
        sum.answered++;
        sum.bad += answer.statusCode >= 400;
        sum.waited += performance.now() - from;
      });
    });
    asked.on('error', () => {
      open--;
      if (++misses > 50) process.exit(0);
    });
    asked.end(body && JSON.stringify(body));
  };
  let turn = 0;
  setInterval(() => ask('looks', 'GET', `/boxes/${(turn += 5) % BOXES}/now`), 30);
  setInterval(() => ask('screens', 'GET', '/boxes'), 60);
  setInterval(() => ask('cards', 'GET', `/boxes/${(turn * 3) % BOXES}`), 70);
  setInterval(() => ask('notes', 'POST', `/boxes/${(turn * 7) % BOXES}/notes`, { text: 'turned', curer: 'Soa' }), 400);
  setInterval(() => {
    for (const [what, { answered, waited, bad }] of Object.entries(sums)) {
      console.error(`${answered} ${what}, ${bad} bad, ${(waited / answered).toFixed(1)} ms each`);
    }
  }, 5000);
}

function main() {
  const files = Array.from({ length: BOXES }, (_, box) => fileOf(box));
  for (const file of files) fs.mkdirSync(path.dirname(file), { recursive: true });
  execFileSync('mkfifo', files);
  const behind = (command, env) => {
    const words = ['-c', '"$@" >/dev/null 2>>"${REPORT:-/dev/null}" </dev/null &', 'sh', ...command];
    spawnSync('sh', words, { env: { ...process.env, ...env } });
  };
  behind([process.env.PYTHON, '-c', BUS, ...files]);
  const server = application(new CuringHouse(BOXES)).listen(0, '127.0.0.1', () => {
    behind([process.execPath, __filename], { PHONES_PORT: String(server.address().port) });
    setTimeout(() => console.log(`ready ${process.pid}`), 3000);
  });
  server.keepAliveTimeout = 65000;
}

if (process.env.PHONES_PORT) phones(Number(process.env.PHONES_PORT));
else main();
