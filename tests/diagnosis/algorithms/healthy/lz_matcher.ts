const WINDOW = 1 << 15;
const WINDOW_MASK = WINDOW - 1;
const HASH_BITS = 15;
const HASH_MASK = (1 << HASH_BITS) - 1;
const MIN_MATCH = 3;
const MAX_MATCH = 258;

export interface TokenSink {
  literal(byte: number): void;
  match(length: number, distance: number): void;
}

export interface Tuning {
  maxChain: number;
  niceLength: number;
}

export const LEVELS: Tuning[] = [
  { maxChain: 4, niceLength: 8 },
  { maxChain: 32, niceLength: 32 },
  { maxChain: 128, niceLength: 128 },
  { maxChain: 1024, niceLength: MAX_MATCH },
];

/** Finds repeats in a window of recent input, by chains of equal hashes. */
export class Matcher {
  private readonly head = new Int32Array(HASH_MASK + 1).fill(-1);
  private readonly prev = new Int32Array(WINDOW).fill(-1);

  constructor(private readonly data: Uint8Array, private readonly tuning: Tuning) {}

  private insert(pos: number): number {
    const d = this.data;
    const hash = ((d[pos] << 10) ^ (d[pos + 1] << 5) ^ d[pos + 2]) & HASH_MASK;
    const candidate = this.head[hash];
    this.prev[pos & WINDOW_MASK] = candidate;
    this.head[hash] = pos; // <- hot 9
    return candidate;
  }

  run(sink: TokenSink): void {
    const { data } = this;
    let pos = 0;
    while (pos < data.length) {
      const candidate = pos + MIN_MATCH <= data.length ? this.insert(pos) : -1;
      const [length, distance] = this.longest(pos, candidate);
      if (length < MIN_MATCH) {
        sink.literal(data[pos++]);
        continue;
      }
      sink.match(length, distance);
      const end = pos + length;
      for (pos++; pos < end; pos++) {
        if (pos + MIN_MATCH <= data.length) this.insert(pos);
      }
    }
  }

  private longest(pos: number, candidate: number): [number, number] {
    const { data, prev } = this;
    const limit = Math.min(MAX_MATCH, data.length - pos);
    const oldest = Math.max(0, pos - WINDOW + 1);
    let best = MIN_MATCH - 1;
    let distance = 0;
    for (let chain = this.tuning.maxChain; candidate >= oldest && chain > 0; chain--) {
      if (data[candidate + best] === data[pos + best]) { // <- hot 26
        let length = 0;
        while (length < limit && data[candidate + length] === data[pos + length]) length++; // <- hot 35
        if (length > best) {
          best = length;
          distance = pos - candidate;
          if (length >= this.tuning.niceLength || length === limit) break;
        }
      }
      candidate = prev[candidate & WINDOW_MASK]; // <- hot 18
    }
    return [best, distance];
  }
}
