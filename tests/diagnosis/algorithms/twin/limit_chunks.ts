export class Chunk {
  readonly modules = new Set<string>();
  constructor(readonly id: number, public size: number, readonly entry: boolean) {}

  integrate(other: Chunk): void {
    for (const m of other.modules) this.modules.add(m);
    this.size = integratedSize(this, other);
  }
}

const OVERHEAD = 10_000;

function integratedSize(a: Chunk, b: Chunk): number {
  return a.size + b.size - OVERHEAD;
}

const canIntegrate = (a: Chunk, b: Chunk): boolean => !(a.entry && b.entry);

interface Combination {
  a: Chunk;
  b: Chunk;
  gain: number;
}

function combine(a: Chunk, b: Chunk, factor: number): Combination {
  const merged = integratedSize(a, b);
  const weight = a.entry || b.entry ? factor : 1;
  return { a, b, gain: (a.size + b.size - merged) * weight - Math.abs(a.size - b.size) };
}

type Offer = Combination & { stamp: number };

class BestFirst {
  private heap: Offer[] = [];

  push(item: Offer): void {
    const heap = this.heap;
    let i = heap.push(item) - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (heap[up].gain >= item.gain) break; // <- hot 17
      heap[i] = heap[up];
      i = up;
    }
    heap[i] = item;
  }

  pop(): Offer | undefined {
    const heap = this.heap;
    const top = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return top;
    let i = 0;
    for (let kid = 1; kid < heap.length; kid = 2 * i + 1) {
      if (kid + 1 < heap.length && heap[kid + 1].gain > heap[kid].gain) kid++; // <- hot 38
      if (heap[kid].gain <= last.gain) break;
      heap[i] = heap[kid];
      i = kid;
    }
    heap[i] = last;
    return top;
  }
}

/** Merges the pair of most gain until there are few enough chunks. */
export function limitChunks(input: Iterable<Chunk>, maxChunks: number, factor = 10): Chunk[] {
  const version = new Map<Chunk, number>();
  const queue = new BestFirst();
  const stamp = (a: Chunk, b: Chunk): number => version.get(a)! + version.get(b)!; // <- hot 16
  const offerAll = (a: Chunk): void => {
    for (const b of version.keys()) {
      if (b !== a && canIntegrate(a, b)) queue.push({ ...combine(a, b, factor), stamp: stamp(a, b) }); // <- hot 14
    }
  };
  for (const chunk of input) {
    version.set(chunk, 0);
    offerAll(chunk);
  }
  while (version.size > maxChunks) {
    const best = queue.pop();
    if (!best) break;
    const { a, b } = best;
    if (!version.has(a) || !version.has(b) || best.stamp !== stamp(a, b)) continue;
    a.integrate(b);
    version.delete(b);
    version.set(a, version.get(a)! + 1);
    offerAll(a);
  }
  return [...version.keys()];
}
