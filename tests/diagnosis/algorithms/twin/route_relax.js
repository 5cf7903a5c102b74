'use strict';

const { MinHeap } = require('./min-heap');

class RoadNetwork {
  constructor() {
    this.ids = new Map();
    this.names = [];
    this.roads = [];
    this.out = [];
  }

  node(name) {
    let id = this.ids.get(name);
    if (id === undefined) {
      id = this.names.length;
      this.ids.set(name, id);
      this.names.push(name);
      this.out.push([]);
    }
    return id;
  }

  road(from, to, km, kmh) {
    const minutes = (km / kmh) * 60;
    const a = this.node(from);
    const b = this.node(to);
    this.roads.push({ from: a, to: b, minutes });
    this.out[a].push({ to: b, minutes });
    this.out[b].push({ to: a, minutes });
  }

  travelTimes(depot) {
    const best = new Float64Array(this.names.length).fill(Infinity);
    const queue = new MinHeap();
    best[this.node(depot)] = 0;
    queue.push(0, this.node(depot));
    while (queue.size > 0) {
      const [time, from] = queue.pop(); // <- hot 42
      if (time > best[from]) continue;
      for (const { to, minutes } of this.out[from]) { // <- hot 18
        const candidate = time + minutes;
        if (candidate < best[to]) { // <- hot 8
          best[to] = candidate;
          queue.push(candidate, to); // <- hot 22
        }
      }
    }
    return best;
  }
}

function isochrone(network, depot, limit) {
  const times = network.travelTimes(depot);
  return network.names
    .map((name, i) => ({ name, minutes: times[i] }))
    .filter((t) => t.minutes <= limit)
    .sort((a, b) => a.minutes - b.minutes);
}

module.exports = { RoadNetwork, isochrone };
