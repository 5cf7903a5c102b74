// expect: pattern=repeated-computation bench
// Surfacing line of an optical laboratory: opticians send prescriptions for spectacle lenses; the planner picks the
// blank, works out the curves of the back surface, the spiral that the diamond tool takes across it, and how long that
// will run, and hands the generator its program.
//
// Measured: 37 % of a core for 70 lenses a second, 6.5 ms each; the twin 3.4 %, 1.6 ms each.
'use strict';

const { spawnSync } = require('child_process');
const http = require('http');

const RATE = 70; // prescriptions a second
const BLANKS = [2, 4, 6, 8]; // front curves in stock, in dioptres
const MATERIALS = { cr39: { index: 1.498, feed: 1 }, mr8: { index: 1.597, feed: 0.8 } };
const CYLINDERS = [0, -0.75, -1.5, -2.25];
const DIAMETER = 70;
const TOOL = 8.5; // radius of the diamond tool, in mm
const TURNS = 60;
const PER_TURN = 240;

// ---- prescriptions

class Unfit extends Error {}

function checked(order) {
  const { patient, sphere, cylinder, axis, material, pupil } = order;
  if (typeof patient !== 'string' || patient.length > 40) throw new Unfit('whose lens?');
  if (!(sphere >= -8 && sphere <= 6)) throw new Unfit('sphere out of range');
  if (!(cylinder <= 0 && cylinder >= -4)) throw new Unfit('cylinder out of range');
  if (!(axis >= 0 && axis < 180)) throw new Unfit('axis out of range');
  if (!Object.hasOwn(MATERIALS, material)) throw new Unfit('material not in stock');
  return { patient, sphere, cylinder, axis, material, pupil: Number(pupil) || 31 };
}

function blankFor(sphere) {
  const wanted = sphere / 2 + 5;
  return BLANKS.reduce((best, curve) => (Math.abs(curve - wanted) < Math.abs(best - wanted) ? curve : best));
}

// ---- geometry

class Toric {
  constructor(base, cross, index) {
    this.rx = (1000 * (index - 1)) / base;
    this.ry = (1000 * (index - 1)) / cross;
  }

  sag(x, y) {
    const along = this.rx - Math.sqrt(Math.max(1, this.rx * this.rx - x * x));
    const rest = this.ry - along;
    return this.ry - Math.sqrt(Math.max(1, rest * rest - y * y));
  }

  slope(x, y) {
    const step = 0.01;
    return [
      (this.sag(x + step, y) - this.sag(x - step, y)) / (2 * step),
      (this.sag(x, y + step) - this.sag(x, y - step)) / (2 * step),
    ];
  }
}

/** Where the centre of the tool goes, turn by turn, so that it touches the surface in one point only. */
function spiral(surface, tool) {
  const points = new Float32Array(3 * TURNS * PER_TURN);
  const pitch = DIAMETER / 2 / TURNS / PER_TURN;
  for (let n = 0; n < TURNS * PER_TURN; n++) { // <- cost
    const r = DIAMETER / 2 - n * pitch;
    const turn = (2 * Math.PI * n) / PER_TURN;
    let x = r * Math.cos(turn);
    let y = r * Math.sin(turn);
    let z = 0;
    for (let round = 0; round < 3; round++) {
      const [dx, dy] = surface.slope(x, y); // <- cost
      const norm = Math.hypot(dx, dy, 1);
      z = surface.sag(x, y) + tool / norm;
      x = r * Math.cos(turn) + (tool * dx) / norm;
      y = r * Math.sin(turn) + (tool * dy) / norm;
    }
    points.set([x, y, z], 3 * n);
  }
  return points;
}

// ---- the planner

class Generator {
  constructor(tool) {
    this.tool = tool;
  }

  path(base, cylinder, material) {
    const { index } = MATERIALS[material];
    return spiral(new Toric(base, base - cylinder, index), this.tool); // <- cost
  }

  /** Seconds that the path runs, at a feed that falls where the tool climbs. */
  duration(path, feed) {
    let seconds = 0;
    for (let at = 3; at < path.length; at += 3) {
      const climb = Math.abs(path[at + 2] - path[at - 1]);
      seconds += 0.0016 / feed + climb * 0.02;
    }
    return seconds;
  }
}

class Planner {
  constructor(generator) {
    this.generator = generator;
    this.jobs = [];
    this.planned = 0;
  }

  edges({ sphere, cylinder, axis, pupil }) {
    const decentred = Math.abs(31 - pupil);
    return Array.from({ length: 36 }, (_, n) => {
      const meridian = ((n * 10 - axis) * Math.PI) / 180;
      const power = sphere + cylinder * Math.sin(meridian) ** 2;
      const radius = DIAMETER / 2 - 8 + decentred * Math.cos((n * Math.PI) / 18);
      return Math.round((2.2 - (power * radius * radius) / 1900) * 100) / 100;
    });
  }

  plan(order) {
    const { sphere, cylinder, axis, material } = order;
    const blank = blankFor(sphere);
    const path = this.generator.path(blank, cylinder, material); // <- cost
    const edges = this.edges(order);
    const job = {
      job: ++this.planned,
      patient: order.patient,
      blank,
      turned: axis,
      points: path.length / 3,
      deepest: Math.round(path[path.length - 1] * 1000) / 1000,
      seconds: Math.round(this.generator.duration(path, MATERIALS[material].feed)),
      thinnest: Math.min(...edges),
      edges,
    };
    this.jobs.push(job);
    if (this.jobs.length > 50) this.jobs.shift();
    return job;
  }

  queue() {
    return this.jobs.map(({ job, blank, seconds }) => ({ job, blank, seconds }));
  }
}

// ---- the desk

function desk(planner) {
  const say = (response, status, said) => {
    const body = JSON.stringify(said);
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  };
  const take = (body, response) => {
    try {
      say(response, 201, planner.plan(checked(JSON.parse(body))));
    } catch (error) {
      const status = error instanceof Unfit ? 422 : error instanceof SyntaxError ? 400 : 500;
      say(response, status, { error: error.message });
    }
  };
  return (request, response) => {
    if (request.method === 'GET' && request.url === '/queue') return say(response, 200, planner.queue());
    if (request.method !== 'POST' || request.url !== '/lenses') return say(response, 404, { error: 'no such desk' });
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (part) => {
      body += part;
      if (body.length > 2000) request.destroy();
    });
    return request.on('end', () => take(body, response));
  };
}

// ---- opticians, in a process that is nobody's child

function opticians(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 12 });
  const any = (list) => list[Math.floor(Math.random() * list.length)];
  const sums = { answered: 0, bad: 0, waited: 0, open: 0, misses: 0 };
  const ask = (method, path, said) => {
    if (sums.open >= 40) return;
    sums.open++;
    const from = performance.now();
    const asked = http.request({ host: '127.0.0.1', port, agent, method, path }, (answer) => {
      answer.resume().on('end', () => {
        sums.open--;
        sums.answered++;
        sums.bad += answer.statusCode >= 400;
        sums.waited += performance.now() - from;
      });
    });
    asked.on('error', () => {
      sums.open--;
      if (++sums.misses > 50) process.exit(0);
    });
    asked.end(said && JSON.stringify(said));
  };
  const prescription = (number) => ({
    patient: `patient ${number}`,
    sphere: Math.round(Math.random() * 48 - 28) / 4,
    cylinder: any(CYLINDERS),
    axis: number % 180,
    material: any(Object.keys(MATERIALS)),
    pupil: 29 + (number % 9) / 2,
  });
  const begun = performance.now();
  let sent = 0;
  setInterval(() => {
    for (const due = ((performance.now() - begun) / 1000) * RATE; sent < due; sent++) {
      ask('POST', '/lenses', prescription(sent));
    }
  }, 10);
  setInterval(() => ask('GET', '/queue'), 250);
  setInterval(() => {
    console.error(`${sums.answered} answered, ${sums.bad} bad, ${(sums.waited / sums.answered).toFixed(1)} ms each`);
  }, 5000);
}

function main() {
  const server = http.createServer(desk(new Planner(new Generator(TOOL))));
  server.keepAliveTimeout = 65000;
  server.listen(0, '127.0.0.1', () => {
    const env = { ...process.env, OPTICIANS_PORT: String(server.address().port) };
    const command = '"$0" "$1" >/dev/null 2>>"${REPORT:-/dev/null}" </dev/null &';
    spawnSync('sh', ['-c', command, process.execPath, __filename], { env });
    setTimeout(() => console.log(`ready ${process.pid}`), 4000);
  });
}

if (process.env.OPTICIANS_PORT) opticians(Number(process.env.OPTICIANS_PORT));
else main();
