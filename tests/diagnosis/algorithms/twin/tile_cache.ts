export interface Tile {
  z: number;
  x: number;
  y: number;
  pixels: Uint8ClampedArray;
}


export class TileCache {
  private entries = new Map<string, Tile>();

  constructor(private readonly capacity: number) {}

  private key(z: number, x: number, y: number): string {
    return `${z}/${x}/${y}`; // <- hot 36
  }

  get(z: number, x: number, y: number): Tile | undefined {
    const key = this.key(z, x, y);
    const tile = this.entries.get(key); // <- hot 17
    if (!tile) return undefined;
    this.entries.delete(key); // <- hot 12
    this.entries.set(key, tile); // <- hot 14
    return tile;
  }

  put(tile: Tile): void {
    if (this.entries.size >= this.capacity) {
      const oldest = this.entries.keys().next().value;
      if (oldest !== undefined) this.entries.delete(oldest);
    }
    this.entries.set(this.key(tile.z, tile.x, tile.y), tile);
  }
}

export class TileSource {
  private cache: TileCache;

  constructor(private decode: (z: number, x: number, y: number) => Tile, capacity = 50_000) {
    this.cache = new TileCache(capacity);
  }

  fetch(z: number, x: number, y: number): Tile {
    const hit = this.cache.get(z, x, y);
    if (hit) return hit;
    const tile = this.decode(z, x, y);
    this.cache.put(tile);
    return tile;
  }
}
