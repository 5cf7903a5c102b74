class PriceBook {
  #tiers;
  constructor(tiers) {
    this.#tiers = tiers;
  }

  priceOf(sku, customer) {
    const mine = this.#tiers.filter(t => t.sku === sku && (!t.group || t.group === customer.group)); // <- 0
    return mine.length ? Math.min(...mine.map(t => t.price)) : null;
  }
}

function quote(book, customer) {
  return item => {
    const unit = book.priceOf(item.sku, customer); // <- 1
    return unit === null ? { ...item, error: 'no price' } : { ...item, unit, total: unit * item.qty };
  };
}

function quoteAll(book, customer, items) {
  const one = quote(book, customer);
  let total = 0;
  const rows = [];
  for (const [i, item] of items.entries()) { // <- outer
    const row = one(item); // <- 2
    rows[i] = row;
    total += row.total ?? 0;
  }
  return { rows, total };
}

module.exports = { PriceBook, quoteAll };
