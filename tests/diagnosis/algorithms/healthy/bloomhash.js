"use strict";

function murmur3(bytes, seed) {
  let h = seed;
  const blocks = bytes.length & ~3;
  for (let i = 0; i < blocks; i += 4) {
    let k = bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24); // <- hot 18
    k = Math.imul(k, 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593); // <- hot 15
    h ^= k;
    h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0; // <- hot 14
  }
  for (let i = blocks; i < bytes.length; i++) {
    h = Math.imul(h ^ bytes[i], 0x85ebca6b);
  }
  h ^= bytes.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

class BloomFilter {
  constructor(items, errorRate = 0.01) {
    const bits = Math.ceil((-items * Math.log(errorRate)) / Math.LN2 ** 2);
    this.size = bits;
    this.rounds = Math.max(1, Math.round((bits / items) * Math.LN2));
    this.words = new Uint32Array(Math.ceil(bits / 32));
  }

  *slots(text) {
    const bytes = Buffer.from(text); // <- hot 16
    const a = murmur3(bytes, 0);
    const b = murmur3(bytes, a);
    for (let i = 0; i < this.rounds; i++) yield (a + i * b) % this.size;
  }

  add(text) {
    for (const s of this.slots(text)) this.words[s >>> 5] |= 1 << (s & 31);
  }

  has(text) {
    for (const s of this.slots(text)) {
      if (!(this.words[s >>> 5] & (1 << (s & 31)))) return false;
    }
    return true;
  }
}

function crawlFilter(urls) {
  const filter = new BloomFilter(urls.length);
  return urls.filter((u) => {
    const fresh = !filter.has(u);
    if (fresh) filter.add(u);
    return fresh;
  });
}

module.exports = { BloomFilter, crawlFilter };
