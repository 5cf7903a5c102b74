import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

export class FriendGraph {
  constructor() {
    this.ids = new Map();
    this.edges = [];
  }

  node(name) {
    let id = this.ids.get(name); // <- hot 16
    if (id === undefined) {
      id = this.edges.length;
      this.ids.set(name, id);
      this.edges.push([]);
    }
    return id;
  }

  link(a, b) {
    const i = this.node(a);
    const j = this.node(b);
    this.edges[i].push(j);
    this.edges[j].push(i);
  }

  /** How many people are reached at each number of hops. */
  hops(name) {
    const depth = new Int32Array(this.edges.length).fill(-1);
    const queue = [this.node(name)];
    const levels = [];
    depth[queue[0]] = 0;
    for (let head = 0; head < queue.length; head++) {
      const at = queue[head];
      const d = depth[at];
      levels[d] = (levels[d] ?? 0) + 1;
      for (const next of this.edges[at]) { // <- hot 29
        if (depth[next] < 0) { // <- hot 31
          depth[next] = d + 1;
          queue.push(next); // <- hot 12
        }
      }
    }
    return levels;
  }

  static async load(path) {
    const graph = new FriendGraph();
    for await (const line of createInterface({ input: createReadStream(path) })) {
      const [a, b] = line.split('\t');
      graph.link(a, b);
    }
    return graph;
  }
}
