export interface Tile {
  z: number;
  x: number;
  y: number;
  pixels: Uint8ClampedArray;
}

interface Entry {
  tile: Tile;
  usedAt: number;
}

export class TileCache {
  private entries = new Map<string, Entry>();
  private clock = 0;

  constructor(private readonly capacity: number) {}

  private key(z: number, x: number, y: number): string {
    return `${z}/${x}/${y}`;
  }

  get(z: number, x: number, y: number): Tile | undefined {
    const entry = this.entries.get(this.key(z, x, y));
    if (!entry) return undefined;
    entry.usedAt = ++this.clock;
    return entry.tile;
  }

  put(tile: Tile): void {
    if (this.entries.size >= this.capacity) this.evict(); // <- cost
    this.entries.set(this.key(tile.z, tile.x, tile.y), { tile, usedAt: ++this.clock });
  }

  private evict(): void {
    let oldest: string | null = null;
    let age = Infinity;
    for (const [key, entry] of this.entries) { // <- cost hot 63
      if (entry.usedAt < age) { // <- hot 24
        age = entry.usedAt;
        oldest = key;
      }
    }
    if (oldest !== null) this.entries.delete(oldest);
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
