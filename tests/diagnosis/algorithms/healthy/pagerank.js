const fs = require('fs');

class Csr {
  constructor(n, edges) {
    this.n = n;
    this.start = new Uint32Array(n + 1);
    this.target = new Uint32Array(edges.length);
    for (const [from] of edges) this.start[from + 1]++;
    for (let i = 0; i < n; i++) this.start[i + 1] += this.start[i];
    const cursor = this.start.slice();
    for (const [from, to] of edges) this.target[cursor[from]++] = to;
  }

  degree(v) {
    return this.start[v + 1] - this.start[v];
  }
}

function pageRank(graph, { damping = 0.85, tolerance = 1e-9, rounds = 100 } = {}) {
  let rank = new Float64Array(graph.n).fill(1 / graph.n);
  let next = new Float64Array(graph.n);
  for (let round = 0; round < rounds; round++) {
    let dangling = 0;
    next.fill(0);
    for (let v = 0; v < graph.n; v++) {
      const degree = graph.degree(v);
      if (degree === 0) {
        dangling += rank[v];
        continue;
      }
      const share = rank[v] / degree;
      for (let e = graph.start[v]; e < graph.start[v + 1]; e++) { // <- hot 22
        next[graph.target[e]] += share; // <- hot 56
      }
    }
    const base = (1 - damping + damping * dangling) / graph.n;
    let change = 0;
    for (let v = 0; v < graph.n; v++) {
      next[v] = base + damping * next[v];
      change += Math.abs(next[v] - rank[v]); // <- hot 10
    }
    [rank, next] = [next, rank];
    if (change < tolerance) break;
  }
  return rank;
}

function load(file) {
  const ids = new Map();
  const idOf = (name) => {
    if (!ids.has(name)) ids.set(name, ids.size);
    return ids.get(name);
  };
  const edges = fs.readFileSync(file, 'utf8').trim().split('\n').map((line) => line.split('\t').map(idOf));
  return { graph: new Csr(ids.size, edges), names: [...ids.keys()] };
}

function top(file, limit = 20) {
  const { graph, names } = load(file);
  const rank = pageRank(graph);
  const order = Array.from(rank.keys()).sort((a, b) => rank[b] - rank[a]);
  return order.slice(0, limit).map((v) => ({ name: names[v], rank: rank[v] }));
}

module.exports = { pageRank, top };
