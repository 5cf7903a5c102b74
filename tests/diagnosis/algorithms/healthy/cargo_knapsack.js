'use strict';

const { parentPort, workerData } = require('worker_threads');

function bestLoads(items, capacity) {
  const value = new Float64Array(capacity + 1);
  const taken = items.map(() => new Uint8Array(capacity + 1));
  items.forEach((item, n) => {
    const row = taken[n];
    for (let room = capacity; room >= item.weight; room--) { // <- hot 20
      const withItem = value[room - item.weight] + item.value; // <- hot 34
      if (withItem > value[room]) { // <- hot 24
        value[room] = withItem; // <- hot 8
        row[room] = 1;
      }
    }
  });
  return { value, taken };
}

function unwind(items, taken, capacity) {
  const chosen = [];
  let room = capacity;
  for (let n = items.length - 1; n >= 0; n--) {
    if (taken[n][room]) {
      chosen.push(items[n].id);
      room -= items[n].weight;
    }
  }
  return chosen.reverse();
}

function normalise(raw, unit) {
  return raw
    .map((r) => ({ id: r.id, weight: Math.max(1, Math.ceil(r.kg / unit)), value: r.fee }))
    .filter((r) => r.value > 0);
}

function planFlight({ cargo, maxKg, unit = 5 }) {
  const items = normalise(cargo, unit);
  const capacity = Math.floor(maxKg / unit);
  const { value, taken } = bestLoads(items, capacity);
  return { fee: value[capacity], cargo: unwind(items, taken, capacity) };
}

if (parentPort) {
  const plans = workerData.flights.map((flight) => ({ flight: flight.id, ...planFlight(flight) }));
  parentPort.postMessage(plans);
}

module.exports = { planFlight };
