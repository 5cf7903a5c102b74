// expect: healthy bench
// Plans rides for buses on call: the shortest ways over the streets of a town, with a binary heap. A batch in slices, so
// that who asks for its state is answered.
const fs = require("fs");
const http = require("http");

const WIDTH = 160;
const HEIGHT = 120;
const NODES = WIDTH * HEIGHT;
const log = fs.openSync("rides.log", "w");

/** Nodes by their distance, the nearest first. */
class Heap {
  #nodes = new Int32Array(NODES * 5);
  #keys = new Float64Array(NODES * 5);
  size = 0;

  push(node, key) {
    let at = this.size++;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (this.#keys[above] <= key) break;
      this.#nodes[at] = this.#nodes[above];
      this.#keys[at] = this.#keys[above];
      at = above;
    }
    this.#nodes[at] = node;
    this.#keys[at] = key;
  }

  pop() {
    const first = this.#nodes[0];
    const last = --this.size;
    const node = this.#nodes[last];
    const key = this.#keys[last];
    let at = 0;
    for (let below = 1; below < last; below = 2 * at + 1) {
      if (below + 1 < last && this.#keys[below + 1] < this.#keys[below]) below++;
      if (this.#keys[below] >= key) break;
      this.#nodes[at] = this.#nodes[below];
      this.#keys[at] = this.#keys[below];
      at = below;
    }
    this.#nodes[at] = node;
    this.#keys[at] = key;
    return first;
  }
}

/** How long it takes from one crossing to the next. */
const seconds = Float64Array.from({ length: NODES * 2 }, (_, n) => 8 + ((n * 7919) % 61));
const distance = new Float64Array(NODES);
const heap = new Heap();

function shortest(from, to) {
  distance.fill(Infinity);
  distance[from] = 0;
  heap.size = 0;
  heap.push(from, 0);
  const reach = (node, way) => {
    if (way < distance[node]) {
      distance[node] = way;
      const ahead = Math.abs((node % WIDTH) - (to % WIDTH)) + Math.abs(((node / WIDTH) | 0) - ((to / WIDTH) | 0));
      heap.push(node, way + 8 * ahead);
    }
  };
  while (heap.size > 0) {
    const node = heap.pop();
    if (node === to) break;
    const column = node % WIDTH;
    if (column + 1 < WIDTH) reach(node + 1, distance[node] + seconds[2 * node]);
    if (column > 0) reach(node - 1, distance[node] + seconds[2 * (node - 1)]);
    if (node + WIDTH < NODES) reach(node + WIDTH, distance[node] + seconds[2 * node + 1]);
    if (node >= WIDTH) reach(node - WIDTH, distance[node] + seconds[2 * (node - WIDTH) + 1]);
  }
  return distance[to];
}

let rides = 0;
let total = 0;

function slice() {
  const until = performance.now() + 8;
  while (performance.now() < until) {
    total += shortest((rides * 7919) % NODES, (rides * 104729 + 31) % NODES);
    rides++;
  }
  setImmediate(slice);
}

http
  .createServer((_, response) => response.end(JSON.stringify({ rides, seconds: total / (rides || 1) })))
  .listen(0, "127.0.0.1", () => {
    console.log("ready", process.pid);
    slice();
  });
setInterval(() => {
  fs.writeSync(log, `${Math.round(performance.now())} ${rides} rides, ${(total / rides / 60).toFixed(1)} minutes each\n`);
}, 1000);
