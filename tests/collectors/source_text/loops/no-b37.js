class HashIndex {
  constructor(bits = 16) {
    this.mask = (1 << bits) - 1;
    this.slots = Array.from({ length: this.mask + 1 }, () => []);
  }

  slot(key) {
    let h = 0;
    for (let i = 0; i < key.length; i++) h = (h * 31 + key.charCodeAt(i)) | 0;
    return this.slots[h & this.mask];
  }

  get(key) {
    const slot = this.slot(key);
    const hit = slot.find(e => e.key === key); // <- 0
    return hit?.value;
  }
}

function enrich(index, rows) {
  let missing = 0;
  for (const row of rows) {
    const v = index.get(row.sku); // <- 1
    v === undefined ? missing++ : (row.title = v.title);
  }
  return missing;
}

module.exports = { HashIndex, enrich };
