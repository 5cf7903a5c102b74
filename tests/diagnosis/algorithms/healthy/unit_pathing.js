// Path finding for units on the hex-less tile map.
class MinHeap {
  constructor() { this.keys = []; this.vals = []; }
  get size() { return this.keys.length; }

  push(key, val) {
    let i = this.keys.push(key) - 1;
    this.vals.push(val);
    while (i > 0) {
      const p = (i - 1) >> 1;
      if (this.keys[p] <= key) break; // <- hot 13
      this.keys[i] = this.keys[p];
      this.vals[i] = this.vals[p];
      i = p;
    }
    this.keys[i] = key;
    this.vals[i] = val;
  }

  pop() {
    const top = this.vals[0];
    const key = this.keys.pop();
    const val = this.vals.pop();
    const n = this.keys.length;
    if (n === 0) return top;
    let i = 0;
    for (let c = 1; c < n; c = 2 * i + 1) {
      if (c + 1 < n && this.keys[c + 1] < this.keys[c]) c++; // <- hot 29
      if (this.keys[c] >= key) break;
      this.keys[i] = this.keys[c];
      this.vals[i] = this.vals[c];
      i = c;
    }
    this.keys[i] = key;
    this.vals[i] = val;
    return top;
  }
}

export function findPath(costs, width, start, goal) {
  const g = new Float64Array(costs.length).fill(Infinity);
  const from = new Int32Array(costs.length).fill(-1);
  const h = (i) => Math.abs((i % width) - (goal % width)) + Math.abs(((i / width) | 0) - ((goal / width) | 0)); // <- hot 12
  const open = new MinHeap();
  g[start] = 0;
  open.push(h(start), start);
  while (open.size > 0) {
    const at = open.pop();
    if (at === goal) break;
    for (const step of [1, -1, width, -width]) {
      const to = at + step;
      if (to < 0 || to >= costs.length || costs[to] === 0) continue;
      if ((step === 1 && to % width === 0) || (step === -1 && at % width === 0)) continue;
      const cost = g[at] + costs[to];
      if (cost < g[to]) { // <- hot 21
        g[to] = cost;
        from[to] = at;
        open.push(cost + h(to), to);
      }
    }
  }
  const path = [];
  for (let i = goal; i !== -1; i = from[i]) path.push(i);
  return path.reverse();
}
