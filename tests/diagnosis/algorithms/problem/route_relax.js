'use strict';

class RoadNetwork {
  constructor() {
    this.ids = new Map();
    this.names = [];
    this.roads = [];
  }

  node(name) {
    let id = this.ids.get(name);
    if (id === undefined) {
      id = this.names.length;
      this.ids.set(name, id);
      this.names.push(name);
    }
    return id;
  }

  road(from, to, km, kmh) {
    const minutes = (km / kmh) * 60;
    this.roads.push({ from: this.node(from), to: this.node(to), minutes });
    this.roads.push({ from: this.node(to), to: this.node(from), minutes });
  }

  travelTimes(depot) {
    const best = new Float64Array(this.names.length).fill(Infinity);
    best[this.node(depot)] = 0;
    let changed = true;
    while (changed) { // <- cost
      changed = false;
      for (const { from, to, minutes } of this.roads) { // <- cost hot 40
        const candidate = best[from] + minutes; // <- hot 25
        if (candidate < best[to]) { // <- hot 28
          best[to] = candidate;
          changed = true;
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
