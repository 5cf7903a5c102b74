// expect: healthy bench
// Gives the heights of a map to walkers, tile by tile: tiles are computed when they are asked for first, and up to 900 of
// them are kept, which fills about 60 MB within half a minute; then the oldest go.
"use strict";
const fs = require("fs");

const SIDE = 128; // of a tile
const MOST = 900;
const WALKERS = 30;
const WORLD = 45; // tiles
const TICK = 40; // milliseconds

class Tile {
  constructor(x, y) {
    this.heights = new Float32Array(SIDE * SIDE);
    let at = 0;
    for (let row = 0; row < SIDE; row++) {
      const north = (y + row / SIDE) * 0.9;
      for (let column = 0; column < SIDE; column++) {
        const east = (x + column / SIDE) * 0.8;
        this.heights[at++] = 900 + 400 * Math.sin(east) * Math.cos(north) + 60 * Math.sin(9 * east + 7 * north);
      }
    }
  }

  /** The height between four points. */
  height(x, y) {
    const column = Math.min(SIDE - 2, Math.floor(x * SIDE));
    const row = Math.min(SIDE - 2, Math.floor(y * SIDE));
    const [a, b] = [x * SIDE - column, y * SIDE - row];
    const at = row * SIDE + column;
    const top = this.heights[at] * (1 - a) + this.heights[at + 1] * a;
    const bottom = this.heights[at + SIDE] * (1 - a) + this.heights[at + SIDE + 1] * a;
    return top * (1 - b) + bottom * b;
  }
}

/** Those that were used last are kept. */
class Cache {
  constructor(most) {
    this.most = most;
    this.tiles = new Map();
    this.hits = 0;
    this.misses = 0;
  }

  get(x, y) {
    const key = y * 65536 + x;
    let tile = this.tiles.get(key);
    if (tile) {
      this.hits++;
      this.tiles.delete(key);
    } else {
      this.misses++;
      tile = new Tile(x, y);
      if (this.tiles.size >= this.most) this.tiles.delete(this.tiles.keys().next().value);
    }
    this.tiles.set(key, tile);
    return tile;
  }
}

class Walker {
  constructor(number) {
    this.state = (number + 1) * 2654435761;
    this.x = (number * 7) % WORLD;
    this.y = (number * 11) % WORLD;
    this.climbed = 0;
    this.last = NaN;
  }

  luck() {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return this.state / 4294967296;
  }

  walk(cache) {
    const [toX, toY] = [this.luck() - 0.5, this.luck() - 0.5];
    for (let step = 0; step < 40; step++) {
      this.x = (this.x + toX / 60 + WORLD) % WORLD;
      this.y = (this.y + toY / 60 + WORLD) % WORLD;
      const tile = cache.get(Math.floor(this.x), Math.floor(this.y));
      const height = tile.height(this.x % 1, this.y % 1);
      if (height > this.last) this.climbed += height - this.last;
      this.last = height;
    }
  }
}

function main() {
  const log = fs.createWriteStream("heights.log");
  const cache = new Cache(MOST);
  const walkers = Array.from({ length: WALKERS }, (_, number) => new Walker(number));
  setInterval(() => walkers.forEach((walker) => walker.walk(cache)), TICK);
  setInterval(() => {
    const climbed = walkers.reduce((sum, walker) => sum + walker.climbed, 0);
    log.write(`${cache.tiles.size} tiles, ${cache.hits} hits, ${cache.misses} misses, ${Math.round(climbed)} m climbed\n`);
  }, 1000);
  console.log("ready", process.pid);
}

main();
