const DEFAULT_RULE = { born: [3], survive: [2, 3] };

export class Life {
  constructor(width, height, rule = DEFAULT_RULE) {
    this.width = width;
    this.height = height;
    this.cells = new Uint8Array(width * height);
    this.next = new Uint8Array(width * height);
    this.lookup = new Uint8Array(18);
    for (const n of rule.born) this.lookup[n] = 1;
    for (const n of rule.survive) this.lookup[9 + n] = 1;
  }

  seed(random, density = 0.3) {
    for (let i = 0; i < this.cells.length; i++) this.cells[i] = random() < density ? 1 : 0;
  }

  step() {
    const { width, height, cells, next, lookup } = this;
    let alive = 0;
    for (let y = 0; y < height; y++) {
      const up = ((y + height - 1) % height) * width;
      const row = y * width;
      const down = ((y + 1) % height) * width;
      for (let x = 0; x < width; x++) {
        const l = x === 0 ? width - 1 : x - 1; // <- hot 12
        const r = x === width - 1 ? 0 : x + 1;
        const n =
          cells[up + l] + cells[up + x] + cells[up + r] + // <- hot 28
          cells[row + l] + cells[row + r] +
          cells[down + l] + cells[down + x] + cells[down + r]; // <- hot 26
        alive += next[row + x] = lookup[cells[row + x] * 9 + n]; // <- hot 20
      }
    }
    this.cells = next;
    this.next = cells;
    return alive;
  }
}

self.onmessage = ({ data }) => {
  const life = new Life(data.width, data.height, data.rule);
  life.seed(Math.random, data.density);
  for (let generation = 0; generation < data.generations; generation++) {
    const alive = life.step();
    if (generation % data.every === 0) {
      self.postMessage({ generation, alive, cells: life.cells.slice() });
    }
    if (alive === 0) break;
  }
  self.postMessage({ done: true });
};
