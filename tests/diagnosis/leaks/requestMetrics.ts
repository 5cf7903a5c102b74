import type { NextFunction, Request, Response } from 'express';

const BUCKETS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000];

interface Series {
  labels: Record<string, string>;
  counts: number[];
  sum: number;
  total: number;
}

function newSeries(labels: Record<string, string>): Series {
  return {
    labels,
    counts: new Array<number>(BUCKETS.length + 1).fill(0), // <- made 60
    sum: 0,
    total: 0,
  };
}

export class Histogram {
  private readonly series = new Map<string, Series>(); // <- cost

  constructor(readonly name: string, readonly help: string) {}

  observe(labels: Record<string, string>, ms: number): void {
    const key = Object.keys(labels)
      .sort()
      .map((k) => `${k}="${labels[k]}"`)
      .join(',');
    let s = this.series.get(key);
    if (!s) {
      s = newSeries(labels);
      this.series.set(key, s); // <- cost
    }
    let i = 0;
    while (i < BUCKETS.length && ms > BUCKETS[i]) i++;
    s.counts[i]++;
    s.sum += ms;
    s.total++;
  }

  *expose(): Generator<string> {
    yield `# HELP ${this.name} ${this.help}`;
    for (const [key, s] of this.series) {
      let running = 0;
      for (let i = 0; i < BUCKETS.length; i++) {
        running += s.counts[i];
        yield `${this.name}_bucket{${key},le="${BUCKETS[i]}"} ${running}`;
      }
      yield `${this.name}_sum{${key}} ${s.sum}`;
      yield `${this.name}_count{${key}} ${s.total}`;
    }
  }
}

export const latency = new Histogram('http_request_ms', 'Latency of requests');

const inFlight = new Map<number, { started: number; method: string }>();
const slowest: Array<{ url: string; ms: number }> = [];
let sequence = 0;

function noteSlow(url: string, ms: number): void {
  slowest.push({ url, ms });
  slowest.sort((a, b) => b.ms - a.ms);
  slowest.length = Math.min(slowest.length, 20);
}

export function metrics(req: Request, res: Response, next: NextFunction): void {
  const id = ++sequence;
  inFlight.set(id, { started: performance.now(), method: req.method });
  res.once('close', () => {
    const entry = inFlight.get(id);
    if (!entry) return;
    inFlight.delete(id);
    const ms = performance.now() - entry.started;
    const labels = { method: entry.method, path: req.originalUrl, status: String(res.statusCode) }; // <- made 40  // <- cost
    latency.observe(labels, ms);
    if (ms > 1000) noteSlow(req.originalUrl, ms);
  });
  next();
}

export function exposition(_req: Request, res: Response): void {
  const lines: string[] = [];
  for (const line of latency.expose()) lines.push(line);
  lines.push(`http_in_flight ${inFlight.size}`);
  res.type('text/plain').send(lines.join('\n') + '\n');
}
