"use strict";

function emptyMatrix(n) {
  const dist = new Float64Array(n * n).fill(Infinity);
  for (let i = 0; i < n; i++) dist[i * n + i] = 0;
  return dist;
}

function allPairs(n, links) {
  const dist = emptyMatrix(n);
  const via = new Int16Array(n * n).fill(-1);
  for (const { a, b, minutes } of links) {
    dist[a * n + b] = Math.min(dist[a * n + b], minutes);
    dist[b * n + a] = Math.min(dist[b * n + a], minutes);
  }
  for (let k = 0; k < n; k++) {
    for (let i = 0; i < n; i++) {
      const head = dist[i * n + k];
      if (head === Infinity) continue;
      for (let j = 0; j < n; j++) { // <- hot 22
        const through = head + dist[k * n + j]; // <- hot 37
        if (through < dist[i * n + j]) { // <- hot 31
          dist[i * n + j] = through;
          via[i * n + j] = k;
        }
      }
    }
  }
  return { n, dist, via };
}

function stops(table, a, b) {
  const k = table.via[a * table.n + b];
  if (k < 0) return [a, b];
  return [...stops(table, a, k), ...stops(table, k, b).slice(1)];
}

class FareTable {
  constructor(stations, links, bands) {
    this.stations = stations;
    this.bands = bands;
    this.table = allPairs(stations.length, links);
  }

  fare(a, b) {
    const minutes = this.table.dist[a * this.table.n + b];
    const band = this.bands.find((x) => minutes <= x.upTo);
    return band ? band.price : this.bands[this.bands.length - 1].price;
  }

  describe(a, b) {
    return stops(this.table, a, b).map((i) => this.stations[i]).join(" > ");
  }
}

module.exports = { FareTable, allPairs };
