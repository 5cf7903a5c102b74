class Pathfinder {
  constructor(graph) {
    this.graph = graph;
    this.dist = new Map();
  }

  relax(node) {
    const base = this.dist.get(node.id);
    const edges = this.graph.nodes.get(node.id)?.edges ?? [];
    let changed = false;
    for (let i = 0; i < edges.length; i++) {
      const d = base + edges[i].cost; // <- 0
      if (d < (this.dist.get(edges[i].to) ?? Infinity)) {
        this.dist.set(edges[i].to, d);
        this.heap.push({ id: edges[i].to, d });
        changed = true;
      }
    }
    return changed;
  }

  run(start, Heap) {
    this.heap = new Heap((a, b) => a.d - b.d);
    this.heap.push({ id: start, d: 0 });
    this.dist.set(start, 0);
    while (this.heap.size) {
      const top = this.heap.pop();
      if (top.d === this.dist.get(top.id)) this.relax(top); // <- 1
    }
    return this.dist;
  }
}

module.exports = Pathfinder;
