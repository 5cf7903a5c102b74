// expect: healthy bench
// Pairs the sightings of meteor cameras: cameras send the tracks that they saw (HTTP); tracks of two cameras that were
// seen at the same moment in the same part of the sky become one meteor, whose height is worked out and reported.
// A track that finds no partner within a few seconds never will.
//
// Measured: on a busy machine (60 sightings a second) 113 to 198 MB in 50 s, 1.7 MB a second without an end; the twin
// 112 to 127 MB, more and more slowly; CPU 4 % of a core in both.
'use strict';

const { fork } = require('child_process');
const http = require('http');

const CAMERAS = 14;
const POINTS = 240;
const KEPT_SECONDS = 3;

// ---- the cameras: a process of their own ----

function cameras(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 6 });
  let turn = 0;
  const send = (sighting) => {
    const request = http.request({ port, host: '127.0.0.1', method: 'POST', path: '/sightings', agent }, (answer) => {
      answer.resume();
    });
    request.on('error', () => {});
    request.end(JSON.stringify(sighting));
  };
  const track = (seed, camera) => {
    const points = [];
    for (let i = 0; i < POINTS; i++) {
      const azimuth = (seed * 37 + i * 0.21 + camera) % 360;
      points.push({ azimuth, altitude: 70 - i * 0.3, light: Math.sin((i / POINTS) * 3) * 800, frame: i });
    }
    return points;
  };
  setInterval(() => {
    turn++;
    const moment = Date.now();
    const cell = (turn * 13) % 48;
    const first = turn % CAMERAS;
    send({ camera: first, moment, cell, points: track(turn, first) });
    const second = (first + 5) % CAMERAS;
    if (turn % 4) send({ camera: second, moment: moment + 20, cell, points: track(turn, second) });
    if (turn % 10 === 0) http.get({ port, host: '127.0.0.1', path: '/meteors', agent }, (answer) => answer.resume());
  }, 25);
}

// ---- the correlator ----

/** What one camera saw. */
class Sighting {
  constructor({ camera, moment, cell, points }) {
    this.camera = camera;
    this.moment = moment;
    this.cell = cell;
    this.points = points;
    this.partner = null;
  }

  get brightest() {
    let most = 0;
    for (const point of this.points) if (point.light > most) most = point.light;
    return most;
  }
}

/** Sightings by the second and the part of the sky, so that a partner is looked for among few. */
class SkyIndex {
  constructor() {
    this.seconds = new Map();
  }

  add(sighting) {
    const second = Math.floor(sighting.moment / 1000);
    let sky = this.seconds.get(second);
    if (!sky) {
      sky = new Map();
      this.seconds.set(second, sky);
      this.forget(second - KEPT_SECONDS);
    }
    const seen = sky.get(sighting.cell);
    if (seen) seen.push(sighting);
    else sky.set(sighting.cell, [sighting]);
  }

  remove(sighting) {
    const sky = this.seconds.get(Math.floor(sighting.moment / 1000));
    const seen = sky.get(sighting.cell);
    if (seen.length > 1) seen.splice(seen.indexOf(sighting), 1);
    else sky.delete(sighting.cell);
  }

  forget(before) {
    for (const second of this.seconds.keys()) if (second < before) this.seconds.delete(second);
  }

  *near(sighting) {
    const second = Math.floor(sighting.moment / 1000);
    for (const at of [second - 1, second, second + 1]) {
      const sky = this.seconds.get(at);
      if (sky) yield* sky.get(sighting.cell) || [];
    }
  }
}

/** How far each camera's lens is off, by azimuth (a degree) and altitude (two degrees); measured once a season. */
class Plates {
  constructor() {
    this.cameras = [];
    for (let camera = 0; camera < CAMERAS; camera++) {
      const plate = [];
      for (let azimuth = 0; azimuth < 360; azimuth++) {
        const column = [];
        for (let step = 0; step <= 45; step++) {
          const [x, y] = [camera + azimuth / 50, camera + step / 9];
          column.push({ azimuth: 0.02 * Math.sin(x), altitude: 0.01 * Math.cos(y) });
        }
        plate.push(column);
      }
      this.cameras.push(plate);
    }
  }

  off(camera, point) {
    return this.cameras[camera][Math.floor(point.azimuth) % 360][Math.floor(Math.abs(point.altitude) / 2)];
  }
}

function heightOf(plates, one, two) {
  const length = Math.min(one.points.length, two.points.length);
  let sum = 0;
  for (let i = 0; i < length; i++) {
    const [a, b] = [one.points[i], two.points[i]];
    const [offA, offB] = [plates.off(one.camera, a), plates.off(two.camera, b)];
    const parallax = Math.abs(a.azimuth + offA.azimuth - b.azimuth - offB.azimuth) + 0.5;
    sum += (Math.tan(((a.altitude + offA.altitude) * Math.PI) / 180) * 60) / parallax;
  }
  return sum / length;
}

class Correlator {
  constructor(report) {
    this.index = new SkyIndex();
    this.report = report;
    this.taken = 0;
  }

  partnerOf(sighting) {
    for (const other of this.index.near(sighting)) {
      const fits = other.partner === null && other.camera !== sighting.camera;
      if (fits && Math.abs(other.moment - sighting.moment) < 400) return other;
    }
    return null;
  }

  take(sighting) {
    this.taken++;
    const partner = this.partnerOf(sighting);
    if (partner) {
      partner.partner = sighting.camera;
      sighting.partner = partner.camera;
      this.index.remove(partner);
      this.report(partner, sighting);
    } else {
      this.index.add(sighting);
    }
  }
}

/** The last meteors, for the page. */
class Reports {
  constructor(plates, bound) {
    this.plates = plates;
    this.bound = bound;
    this.last = [];
    this.number = 0;
  }

  add(one, two) {
    this.number++;
    const light = Math.max(one.brightest, two.brightest);
    const height = heightOf(this.plates, one, two);
    this.last.push({ meteor: this.number, moment: one.moment, cell: one.cell, height, light });
    if (this.last.length > this.bound) this.last.shift();
  }
}

// ---- the desk ----

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

async function answer(correlator, reports, request, response) {
  let body = '{}';
  if (request.method === 'POST') correlator.take(new Sighting(JSON.parse(await bodyOf(request))));
  else body = JSON.stringify(reports.last);
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(body);
}

function main() {
  const reports = new Reports(new Plates(), 30);
  const correlator = new Correlator((one, two) => reports.add(one, two));
  const server = http.createServer((request, response) => {
    answer(correlator, reports, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1', () => {
    const words = ['cameras', String(server.address().port)];
    fork(__filename, words, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    console.log(`ready ${process.pid}`);
  });
  if (process.env.FIGURES) {
    setInterval(() => {
      const held = Math.round(process.memoryUsage().rss / 1e6);
      console.error(`${correlator.taken} sightings, ${reports.number} meteors, ${held} MB`);
    }, 5000);
  }
}

if (process.argv[2] === 'cameras') {
  process.on('disconnect', () => process.exit());
  cameras(Number(process.argv[3]));
} else {
  main();
}
