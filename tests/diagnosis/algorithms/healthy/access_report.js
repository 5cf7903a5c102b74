import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';

const LINE = /^(\S+) \S+ \S+ \[([^\]]+)\] "(\w+) (\S+) [^"]*" (\d{3}) (\d+|-) (\d+)$/;
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'];
const BOUNDS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500];

class Route {
  hits = 0;
  errors = 0;
  bytes = 0;
  buckets = new Uint32Array(BOUNDS.length + 1);

  add(status, bytes, millis) {
    this.hits++;
    this.bytes += bytes;
    if (status >= 500) this.errors++;
    let b = 0;
    while (b < BOUNDS.length && millis > BOUNDS[b]) b++; // <- hot 8
    this.buckets[b]++;
  }

  quantile(q) {
    let left = this.hits * q;
    for (let b = 0; b < BOUNDS.length; b++) {
      left -= this.buckets[b];
      if (left <= 0) return BOUNDS[b];
    }
    return Infinity;
  }
}

const shape = (url) => url.split('?', 1)[0].replace(/\/\d+(?=\/|$)/g, '/:id'); // <- hot 22

export async function summarise(file) {
  const routes = new Map();
  const input = createReadStream(file);
  const lines = createInterface({ input: file.endsWith('.gz') ? input.pipe(createGunzip()) : input });
  for await (const line of lines) { // <- hot 18
    const m = LINE.exec(line); // <- hot 34
    if (!m || !METHODS.includes(m[3])) continue;
    const key = `${m[3]} ${shape(m[4])}`;
    let route = routes.get(key);
    if (!route) routes.set(key, (route = new Route()));
    route.add(Number(m[5]), m[6] === '-' ? 0 : Number(m[6]), Number(m[7]) / 1000);
  }
  return routes;
}

export function table(routes, limit = 25) {
  return [...routes]
    .sort(([, a], [, b]) => b.hits - a.hits)
    .slice(0, limit)
    .map(([key, r]) => ({ key, hits: r.hits, errors: r.errors, p95: r.quantile(0.95) }));
}
