export class MinHeap {
  #items = [];
  #less;

  constructor(less) {
    this.#less = less;
  }

  get size() {
    return this.#items.length;
  }

  push(item) {
    const items = this.#items;
    let i = items.push(item) - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (!this.#less(items[i], items[up])) break; // <- hot 14
      [items[i], items[up]] = [items[up], items[i]];
      i = up;
    }
  }

  pop() {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (items.length > 0) {
      items[0] = last;
      this.#sink(0);
    }
    return top;
  }

  #sink(i) {
    const items = this.#items;
    for (;;) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < items.length && this.#less(items[child], items[least])) least = child; // <- hot 38
      }
      if (least === i) return;
      [items[i], items[least]] = [items[least], items[i]]; // <- hot 20
      i = least;
    }
  }
}

const byPickup = (a, b) => a.freeAt < b.freeAt || (a.freeAt === b.freeAt && a.id < b.id); // <- hot 12

export function dispatch(calls, ambulances) {
  const fleet = new MinHeap(byPickup);
  for (let id = 0; id < ambulances; id++) fleet.push({ id, freeAt: 0 });
  let waited = 0;
  const log = calls.map((call) => {
    const unit = fleet.pop();
    const start = Math.max(unit.freeAt, call.at);
    waited += start - call.at;
    fleet.push({ id: unit.id, freeAt: start + call.minutes });
    return { call: call.id, unit: unit.id, start };
  });
  return { log, meanWait: waited / calls.length };
}
