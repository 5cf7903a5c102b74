// expect: pattern=uncompressed-transfer bench
// Avalanche warning service: observers dig snow pits and report the layers; huts and guides in the mountains, on thin
// radio links, fetch all current profiles as a map layer (GeoJSON) and the bulletin as a page.
//
// Measured: the layer is 500846 bytes as it is sent, 2.0 s on a line of 250 kB/s; in its twin, which packs geo+json too,
// 63250 bytes, 0.25 s (by their sizes). The bulletin has 475 bytes in both.
'use strict';

const http = require('http');
const path = require('path');
const zlib = require('zlib');
const { promisify } = require('util');
const { spawn } = require('child_process');

const gzip = promisify(zlib.gzip);
const PITS = 650;
const GRAINS = ['PP', 'DF', 'RG', 'FC', 'DH', 'SH', 'MF', 'IF'];
const PACKED_TYPES = new Set(['application/json', 'text/html', 'text/css', 'text/plain']);
const PACK_FROM = 1400;

let seed = 20250117;
function chance(n) {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
  return (seed >> 8) % n;
}

function digPit(id) {
  const layers = [];
  for (let top = 80 + chance(180); top > 0; ) {
    const bottom = Math.max(0, top - 5 - chance(30));
    layers.push({ top, bottom, grain: GRAINS[chance(8)], hardness: 1 + chance(5), size: chance(40) / 10 });
    top = bottom;
  }
  return {
    id, lon: 9 + chance(4000) / 1000, lat: 46 + chance(1500) / 1000, altitude: 1400 + chance(1800),
    aspect: chance(360), observer: `obs-${chance(90)}`, layers,
  };
}

function weakest(pit) {
  let worst = null;
  for (const layer of pit.layers) {
    const persistent = layer.grain === 'FC' || layer.grain === 'DH' || layer.grain === 'SH';
    const score = (persistent ? 3 : 0) + layer.size - layer.hardness;
    if (!worst || score > worst.score) worst = { score, depth: layer.top, grain: layer.grain };
  }
  return worst;
}

/** A document that is rendered once for each revision of the pits, and kept with its packed form. */
class Published {
  constructor(type, render) {
    this.type = type;
    this.render = render;
    this.revision = -1;
  }

  refresh(revision, pits) {
    if (this.revision === revision) return;
    this.revision = revision;
    this.plain = Buffer.from(this.render(pits));
    this.packed = null;
  }

  async packedForm() {
    if (!this.packed) this.packed = gzip(this.plain);
    return this.packed;
  }
}

class PitBook {
  constructor() {
    this.pits = new Map();
    this.revision = 0;
    for (let id = 1; id <= PITS; id++) this.pits.set(id, digPit(id));
    this.layer = new Published('application/geo+json; charset=utf-8', toLayer);
    this.bulletin = new Published('text/html; charset=utf-8', toBulletin);
  }

  observe() {
    for (let n = 0; n < 5; n++) {
      const id = 1 + chance(PITS);
      this.pits.set(id, digPit(id));
    }
    this.revision++;
  }
}

function toLayer(pits) {
  const features = [];
  for (const pit of pits.values()) {
    features.push({
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [pit.lon, pit.lat, pit.altitude] },
      properties: { pit: pit.id, aspect: pit.aspect, observer: pit.observer, weak: weakest(pit), layers: pit.layers },
    });
  }
  return JSON.stringify({ type: 'FeatureCollection', features });
}

function toBulletin(pits) {
  const bands = new Map();
  for (const pit of pits.values()) {
    const band = Math.floor(pit.altitude / 200) * 200;
    const found = bands.get(band) || { pits: 0, weak: 0 };
    found.pits++;
    if (weakest(pit).score > 3) found.weak++;
    bands.set(band, found);
  }
  const rows = [...bands].sort((a, b) => a[0] - b[0])
    .map(([band, { pits: n, weak }]) => `<tr><td>${band} m</td><td>${n}</td><td>${weak}</td></tr>`);
  return `<!doctype html><title>Bulletin</title><table>${rows.join('\n')}</table>`;
}

function mayPack(request, published) {
  const type = published.type.split(';', 1)[0];
  return published.plain.length >= PACK_FROM && PACKED_TYPES.has(type)
    && /\bgzip\b/.test(request.headers['accept-encoding'] || '');
}

async function answer(request, response, published) {
  const headers = { 'Content-Type': published.type, ETag: `"${published.revision}"`, Vary: 'Accept-Encoding' };
  let body = published.plain;
  if (mayPack(request, published)) {
    headers['Content-Encoding'] = 'gzip';
    body = await published.packedForm();
  }
  headers['Content-Length'] = body.length;
  response.writeHead(200, headers);
  response.end(body); // <- cost
}

function serve(book) {
  const routes = { '/layers/profiles': book.layer, '/bulletin': book.bulletin };
  return http.createServer((request, response) => {
    const published = routes[request.url];
    if (!published) {
      response.writeHead(404, { 'Content-Length': 0 }).end();
      return;
    }
    published.refresh(book.revision, book.pits);
    answer(request, response, published).catch((error) => response.destroy(error));
  });
}

function customers(...words) {
  const script = path.join(path.dirname(process.env.SERVICES), 'clients.py');
  return spawn(process.env.PYTHON, [script, ...words.map(String)], { stdio: 'ignore' });
}

const book = new PitBook();
const server = serve(book).listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  customers('slow', '127.0.0.1', port, '/layers/profiles', 250000, 8);
  customers('http', port, '/bulletin', 10, 2);
  setInterval(() => book.observe(), 3000);
  setTimeout(() => console.log(`ready ${process.pid}`), 800);
});
