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

function candidates(chunks: Chunk[], factor: number): Combination[] {
  const out: Combination[] = [];
  for (let i = 1; i < chunks.length; i++) {
    for (let j = 0; j < i; j++) {
      if (canIntegrate(chunks[j], chunks[i])) {
        out.push(combine(chunks[j], chunks[i], factor)); // <- cost hot 36
      }
    }
  }
  return out.sort((x, y) => y.gain - x.gain); // <- cost hot 58
}

/** Merges the pair of most gain until there are few enough chunks. */
export function limitChunks(input: Iterable<Chunk>, maxChunks: number, factor = 10): Chunk[] {
  let chunks = [...input];
  while (chunks.length > maxChunks) {
    const [best] = candidates(chunks, factor); // <- cost
    if (!best) break;
    best.a.integrate(best.b);
    chunks = chunks.filter((c) => c !== best.b);
  }
  return chunks;
}
