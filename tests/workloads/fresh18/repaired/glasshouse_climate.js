// bench: repaired twin of glasshouse_climate
// An Express service of a botanical garden: sensors in its glasshouses send their readings, and the gardeners' tablets
// ask for the driest and the dampest corner, which are found on an interpolated grid of each compartment.
// Measured: the resident size stays at about 105 MiB, at 200 sets of readings a second; 22 % of a core.
'use strict';
const http = require('http');
const { spawn } = require('child_process');

const COMPARTMENTS = 40;
const PROBES = 12;
const SIDE = 48;

/** The latest readings of the probes of one compartment. */
class Compartment {
  constructor(id) {
    this.id = id;
    this.revision = 0;
    this.probes = Array.from({ length: PROBES }, (_, n) => ({
      x: (n * 17 + id * 5) % SIDE,
      y: (n * 29 + id * 11) % SIDE,
      temperature: 21,
      humidity: 70,
    }));
  }

  update(readings) {
    for (const { probe, temperature, humidity } of readings) {
      const known = this.probes[probe];
      if (!known) throw new RangeError(`no probe ${probe} in ${this.id}`);
      known.temperature = temperature;
      known.humidity = humidity;
    }
    this.revision += 1;
  }
}

/** Vapour pressure deficit in kPa. */
function deficit(temperature, humidity) {
  const saturated = 0.6108 * Math.exp((17.27 * temperature) / (temperature + 237.3));
  return saturated * (1 - humidity / 100);
}

/** Interpolates between the probes by inverse distance. */
function interpolate(probes) {
  const values = probes.map((probe) => deficit(probe.temperature, probe.humidity));
  const rows = [];
  for (let y = 0; y < SIDE; y++) {
    const row = new Array(SIDE).fill(0.5);
    for (let x = 0; x < SIDE; x++) {
      let weights = 0;
      let sum = 0;
      for (let n = 0; n < probes.length; n++) {
        const dx = probes[n].x - x;
        const dy = probes[n].y - y;
        const weight = 1 / (1 + dx * dx + dy * dy);
        weights += weight;
        sum += weight * values[n];
      }
      row[x] = sum / weights;
    }
    rows.push(row);
  }
  return rows;
}

class ClimateMaps {
  constructor() {
    this.grids = new Map();
    this.hits = 0;
    this.misses = 0;
  }

  /** The grid of a compartment as its readings are now; it is made once for each set of readings. */
  gridOf(compartment) {
    const known = this.grids.get(compartment.id);
    if (known && known.revision === compartment.revision) {
      this.hits += 1;
      return known.grid;
    }
    this.misses += 1;
    const grid = interpolate(compartment.probes);
    this.grids.set(compartment.id, { revision: compartment.revision, grid });
    return grid;
  }

  extremes(compartment) {
    const grid = this.gridOf(compartment);
    let driest = { value: -Infinity };
    let dampest = { value: Infinity };
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        const value = grid[y][x];
        if (value > driest.value) driest = { x, y, value };
        if (value < dampest.value) dampest = { x, y, value };
      }
    }
    return { compartment: compartment.id, revision: compartment.revision, driest, dampest };
  }
}

function serve() {
  const express = require('express');
  const compartments = Array.from({ length: COMPARTMENTS }, (_, id) => new Compartment(id));
  const maps = new ClimateMaps();
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(express.json({ limit: '16kb' }));

  app.param('compartment', (request, response, next, id) => {
    request.compartment = compartments[Number(id)];
    if (!request.compartment) return response.status(404).json({ error: 'no such compartment' });
    next();
  });

  app.post('/compartments/:compartment/readings', (request, response) => {
    request.compartment.update(request.body.readings);
    response.json({ revision: request.compartment.revision });
  });

  app.get('/compartments/:compartment/extremes', (request, response) => {
    response.json(maps.extremes(request.compartment));
  });

  app.get('/health', (request, response) => {
    response.json({ hits: maps.hits, misses: maps.misses });
  });

  const server = app.listen(0, '127.0.0.1', () => {
    const words = [process.execPath, __filename, 'garden', String(server.address().port)];
    // a shell between us, so that the garden is nobody's child
    spawn('/bin/sh', ['-c', '"$@" </dev/null >/dev/null 2>&1 &', 'sh', ...words], { stdio: 'ignore' });
    setTimeout(() => process.stdout.write('ready\n'), 2500);
  });
  server.keepAliveTimeout = 60000;
}

/** The sensors and tablets of the garden, in a process of their own. */
function garden(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  const send = (method, path, body) =>
    new Promise((resolve) => {
      const headers = body ? { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) } : {};
      const request = http.request({ host: '127.0.0.1', port, method, path, headers, agent }, (response) => {
        response.resume();
        response.on('end', resolve);
      });
      request.on('error', () => process.exit(0));
      request.end(body);
    });
  let turn = 0;
  let busy = 0;
  setInterval(async () => {
    if (busy > 20) return;
    busy += 1;
    const id = turn++ % COMPARTMENTS;
    const readings = [0, 1, 2].map((k) => ({
      probe: (turn + k * 5) % PROBES,
      temperature: 16 + Math.random() * 14,
      humidity: 55 + Math.random() * 40,
    }));
    await send('POST', `/compartments/${id}/readings`, JSON.stringify({ readings }));
    await send('GET', `/compartments/${id}/extremes`);
    await send('GET', `/compartments/${Math.floor(Math.random() * COMPARTMENTS)}/extremes`);
    busy -= 1;
  }, 5);
}

if (process.argv[2] === 'garden') {
  garden(Number(process.argv[3]));
} else {
  serve();
}
