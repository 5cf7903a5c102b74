export class Fenwick {
  private tree: Float64Array;

  constructor(private readonly size: number) {
    this.tree = new Float64Array(size + 1);
  }

  add(index: number, delta: number): void {
    for (let i = index + 1; i <= this.size; i += i & -i) { // <- hot 17
      this.tree[i] += delta; // <- hot 20
    }
  }

  prefix(index: number): number {
    let sum = 0;
    for (let i = index; i > 0; i -= i & -i) { // <- hot 15
      sum += this.tree[i]; // <- hot 18
    }
    return sum;
  }
}

export function ranks(values: readonly number[]): Int32Array {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b] || a - b);
  const out = new Int32Array(values.length);
  order.forEach((original, rank) => {
    out[original] = rank;
  });
  return out;
}

export function inversions(values: readonly number[]): number {
  const rank = ranks(values);
  const seen = new Fenwick(values.length);
  let total = 0;
  for (let i = 0; i < rank.length; i++) {
    total += i - seen.prefix(rank[i]);
    seen.add(rank[i], 1);
  }
  return total;
}

export function kendallTau(a: readonly number[], b: readonly number[]): number {
  const order = a.map((_, i) => i).sort((i, j) => a[i] - a[j]);
  const swaps = inversions(order.map((i) => b[i]));
  const pairs = (a.length * (a.length - 1)) / 2;
  return 1 - (2 * swaps) / pairs;
}
