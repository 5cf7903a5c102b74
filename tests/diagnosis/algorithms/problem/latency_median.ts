import type { Readable } from "node:stream";

export interface Sample {
  route: string;
  ms: number;
}

export class RunningMedian {
  private values: number[] = [];

  add(ms: number): void {
    this.values.push(ms);
  }

  get count(): number {
    return this.values.length;
  }

  median(): number {
    const ordered = [...this.values].sort((a, b) => a - b); // <- cost hot 91
    const mid = ordered.length >> 1;
    return ordered.length % 2 ? ordered[mid] : (ordered[mid - 1] + ordered[mid]) / 2;
  }
}

export class SlowDetector {
  private routes = new Map<string, RunningMedian>();

  constructor(private readonly factor = 5, private readonly warmup = 50) {}

  observe(sample: Sample): boolean {
    let stat = this.routes.get(sample.route);
    if (!stat) this.routes.set(sample.route, (stat = new RunningMedian()));
    stat.add(sample.ms);
    if (stat.count < this.warmup) return false;
    return sample.ms > this.factor * stat.median(); // <- cost
  }
}

export async function watch(source: Readable, alert: (s: Sample) => void): Promise<number> {
  const detector = new SlowDetector();
  let alerts = 0;
  for await (const sample of source as AsyncIterable<Sample>) {
    if (!detector.observe(sample)) continue;
    alerts++;
    alert(sample);
  }
  return alerts;
}
