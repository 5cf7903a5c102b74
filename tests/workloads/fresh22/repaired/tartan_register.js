// expect: healthy bench
// A register of tartans: weavers ask which registered setts come close to a new one (colours in the cloth and the
// rhythm of the stripes), look at a swatch, or read an entry; mills register some setts, and old drafts go away.
//
// Measured: 45 % of a core, in the twin 5 %, at 50 requests a second (half of them ask for the nearest setts: 19 ms of
// CPU each, nearly all of it for profiles of registered setts, which stay the same).
'use strict';

const crypto = require('crypto');
const { spawn } = require('child_process');
const path = require('path');

const REGISTERED = 240;
const DRAFTS_KEPT = 40;
const LAGS = 40;
const BINS = 4;

const PALETTE = new Map([
  ['B', [0x2c, 0x2c, 0x80]],
  ['R', [0xc8, 0x00, 0x2c]],
  ['G', [0x00, 0x64, 0x00]],
  ['K', [0x10, 0x10, 0x10]],
  ['W', [0xf8, 0xf8, 0xf8]],
  ['Y', [0xe8, 0xc0, 0x00]],
  ['N', [0x80, 0x80, 0x80]],
  ['T', [0x60, 0x38, 0x00]],
  ['P', [0x78, 0x00, 0x78]],
  ['A', [0x5c, 0x8c, 0xa8]],
]);

class BadSett extends Error {}

// ---- thread counts: "B24 W4 K12 R2", mirrored at both pivots

function parseSett(text) {
  const stripes = String(text)
    .split(/[\s-]+/)
    .filter(Boolean)
    .map((part) => {
      const found = /^([A-Z])(\d{1,3})$/.exec(part);
      if (!found || !PALETTE.has(found[1])) throw new BadSett(`no stripe: ${part.slice(0, 12)}`);
      return { colour: found[1], threads: Number(found[2]) };
    });
  if (stripes.length < 2 || stripes.length > 24) throw new BadSett('a sett has 2 to 24 stripes');
  return stripes;
}

function repeatOf(stripes) {
  const inner = stripes.slice(1, -1).reverse();
  const threads = [];
  for (const { colour, threads: count } of [...stripes, ...inner]) {
    for (let i = 0; i < count; i++) threads.push(colour);
  }
  return threads;
}

// ---- colours

const linear = (value) => (value <= 10 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4);
const root = (t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);

/** What the eye makes of a twill of two colours, as L, a and b. */
function mixed(one, other) {
  const [r, g, b] = one.map((value, at) => (linear(value) + linear(other[at])) / 2);
  const x = root((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
  const y = root(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = root((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function binOf([light, a, b]) {
  const step = (value, from, to) => Math.min(BINS - 1, Math.max(0, Math.floor(((value - from) / (to - from)) * BINS)));
  return (step(light, 0, 100) * BINS + step(a, -80, 80)) * BINS + step(b, -80, 80);
}

/** The share of each shade in the cloth, and how the light of the stripes repeats along the warp. */
function profileOf(stripes, palette) {
  const warp = repeatOf(stripes);
  const counts = new Map();
  for (const colour of warp) counts.set(colour, (counts.get(colour) || 0) + 1);

  const shades = new Float64Array(BINS ** 3);
  for (const [one, ends] of counts) {
    for (const [other, picks] of counts) {
      shades[binOf(mixed(palette.get(one), palette.get(other)))] += (ends * picks) / warp.length ** 2;
    }
  }

  const lightOf = new Map();
  for (const colour of counts.keys()) lightOf.set(colour, mixed(palette.get(colour), palette.get(colour))[0]);
  const light = Float64Array.from(warp, (colour) => lightOf.get(colour));
  const mean = light.reduce((sum, value) => sum + value, 0) / light.length;
  const rhythm = new Float64Array(LAGS);
  for (let lag = 1; lag <= LAGS; lag++) {
    let sum = 0;
    for (let at = 0; at < light.length; at++) {
      sum += (light[at] - mean) * (light[(at + lag) % light.length] - mean);
    }
    rhythm[lag - 1] = sum / light.length / 2500;
  }
  return { shades, rhythm };
}

function distance(one, other) {
  let sum = 0;
  for (let i = 0; i < one.shades.length; i++) sum += Math.abs(one.shades[i] - other.shades[i]);
  let apart = 0;
  for (let i = 0; i < LAGS; i++) apart += (one.rhythm[i] - other.rhythm[i]) ** 2;
  return sum + Math.sqrt(apart / LAGS);
}

// ---- the register

class Register {
  constructor(palette) {
    this.palette = palette;
    this.entries = new Map();
    this.drafts = [];
  }

  add(number, name, threadCount) {
    const stripes = parseSett(threadCount);
    this.entries.set(number, { number, name, threadCount, stripes, profile: profileOf(stripes, this.palette) });
  }

  draft(number, threadCount) {
    this.add(number, `draft ${number}`, threadCount);
    this.drafts.push(number);
    if (this.drafts.length > DRAFTS_KEPT) this.entries.delete(this.drafts.shift());
  }

  find(number) {
    return this.entries.get(number);
  }

  nearest(threadCount, count) {
    const asked = profileOf(parseSett(threadCount), this.palette);
    const best = [];
    for (const entry of this.entries.values()) {
      const apart = distance(asked, entry.profile);
      if (best.length === count && apart >= best[count - 1].apart) continue;
      const at = best.findIndex((other) => other.apart > apart);
      best.splice(at < 0 ? best.length : at, 0, { entry, apart });
      if (best.length > count) best.pop();
    }
    return best.map(({ entry: { number, name }, apart }) => ({ number, name, apart: Math.round(apart * 1000) / 1000 }));
  }
}

function swatch(stripes) {
  const bars = [];
  let x = 0;
  for (const { colour, threads } of stripes) {
    const fill = `rgb(${PALETTE.get(colour).join(',')})`;
    bars.push(`<rect x="${x}" width="${threads}" height="100" fill="${fill}"/>`);
    x += threads;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${x} 100">${bars.join('')}</svg>`;
}

// ---- the application

function application(register) {
  const express = require('express');
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');

  app.param('number', (request, response, next, number) => {
    request.entry = register.find(Number(number));
    if (!request.entry) return response.status(404).json({ error: 'no such tartan' });
    return next();
  });
  app.get('/nearest', (request, response) => {
    const count = Math.min(20, Number(request.query.count) || 5);
    response.json({ sett: request.query.sett, nearest: register.nearest(request.query.sett, count) });
  });
  app.get('/tartans/:number', (request, response) => {
    const { number, name, threadCount, stripes } = request.entry;
    const threads = stripes.reduce((sum, stripe) => sum + stripe.threads, 0);
    response.json({ number, name, threadCount, threads });
  });
  app.get('/tartans/:number/swatch', (request, response) => {
    const image = swatch(request.entry.stripes);
    response.set('ETag', `"${crypto.createHash('sha1').update(image).digest('base64')}"`);
    response.type('image/svg+xml').send(image);
  });
  app.use((error, request, response, next) => {
    if (response.headersSent) return next(error);
    return response.status(error instanceof BadSett ? 400 : 500).json({ error: error.message });
  });
  return app;
}

// ---- setts to begin with, and the weavers (in processes of their own)

function inventor(seed) {
  let state = seed;
  const any = (number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % number;
  };
  const colours = [...PALETTE.keys()];
  return () => Array.from({ length: 6 + any(7) }, () => `${colours[any(colours.length)]}${2 + any(16) * 2}`).join(' ');
}

function weavers(port, invent, done) {
  const paths = [];
  for (let i = 0; i < 30; i++) {
    paths.push(`/nearest?count=6&sett=${invent().replace(/ /g, '-')}`, `/tartans/${1 + i * 9}/swatch`);
    if (i % 6 === 0) paths.push(`/tartans/${i + 1}`);
  }
  const clients = path.join(path.dirname(process.env.SERVICES), 'clients.py');
  const words = [clients, 'http', String(port), paths.join(','), '50', '6'];
  spawn(process.env.PYTHON, words, { stdio: 'ignore' }).on('error', done).on('exit', () => done());
}

function main() {
  const register = new Register(PALETTE);
  const invent = inventor(1831);
  for (let number = 1; number <= REGISTERED; number++) register.add(number, `district ${number}`, invent());
  let next = 10000;
  setInterval(() => register.draft(next++, invent()), 1500);
  const server = application(register).listen(0, '127.0.0.1', () => {
    weavers(server.address().port, inventor(1745), (error) => {
      if (error) throw error;
      setTimeout(() => console.log(`ready ${process.pid}`), 1500);
    });
  });
  server.keepAliveTimeout = 65000;
}

main();
