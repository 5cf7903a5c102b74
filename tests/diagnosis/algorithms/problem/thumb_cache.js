const sharp = require('sharp');

class ThumbnailCache {
  constructor(capacity) {
    this.capacity = capacity;
    this.entries = new Map();
    this.hits = 0;
    this.misses = 0;
    this.clock = 0;
  }

  get(key) {
    const entry = this.entries.get(key);
    if (!entry) {
      this.misses++;
      return undefined;
    }
    entry.used = ++this.clock;
    this.hits++;
    return entry.value;
  }

  set(key, value) {
    if (this.entries.size >= this.capacity) this.evict();
    this.entries.set(key, { value, used: ++this.clock });
  }

  evict() {
    let victim = null;
    let oldest = Infinity;
    for (const [key, entry] of this.entries) { // <- cost hot 52
      if (entry.used < oldest) { // <- hot 35
        oldest = entry.used;
        victim = key;
      }
    }
    this.entries.delete(victim);
  }
}

const cache = new ThumbnailCache(50_000);

const keyFor = ({ id, width, format }) => `${id}@${width}.${format}`;

async function render(store, request) {
  const original = await store.read(request.id);
  return sharp(original).resize(request.width).toFormat(request.format).toBuffer();
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
