import type { Readable } from "node:stream";
import { Heap } from "./heap";

export interface Sample {
  route: string;
  ms: number;
}

export class RunningMedian {
  private low = new Heap<number>((a, b) => b - a);
  private high = new Heap<number>((a, b) => a - b);

  add(ms: number): void {
    if (this.low.size === 0 || ms <= this.low.peek()) this.low.push(ms); // <- hot 27
    else this.high.push(ms); // <- hot 22
    if (this.low.size > this.high.size + 1) this.high.push(this.low.pop()); // <- hot 15
    else if (this.high.size > this.low.size) this.low.push(this.high.pop()); // <- hot 14
  }

  get count(): number {
    return this.low.size + this.high.size;
  }

  median(): number {
    if (this.low.size > this.high.size) return this.low.peek();
    return (this.low.peek() + this.high.peek()) / 2;
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
    return sample.ms > this.factor * stat.median();
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
