const sharp = require('sharp');

class ThumbnailCache {
  constructor(capacity) {
    this.capacity = capacity;
    this.entries = new Map();
    this.hits = 0;
    this.misses = 0;
  }

  get(key) {
    const value = this.entries.get(key);
    if (value === undefined) {
      this.misses++;
      return undefined;
    }
    this.entries.delete(key);
    this.entries.set(key, value);
    this.hits++;
    return value;
  }

  set(key, value) {
    if (this.entries.size >= this.capacity) this.evict();
    this.entries.set(key, value); // <- hot 8
  }

  evict() {
    this.entries.delete(this.entries.keys().next().value); // <- hot 8
  }
}

const cache = new ThumbnailCache(50_000);

const keyFor = ({ id, width, format }) => `${id}@${width}.${format}`;

async function render(store, request) {
  const original = await store.read(request.id);
  return sharp(original).resize(request.width).toFormat(request.format).toBuffer(); // <- hot 52
}

async function thumbnail(store, request) {
  const key = keyFor(request);
  const known = cache.get(key);
  if (known) return known;
  const image = await render(store, request);
  cache.set(key, image);
  return image;
}

module.exports = { ThumbnailCache, thumbnail };
