const priceList = require('./data/prices.json');

function getEntry(sku) {
  for (const p of priceList) {
    if (p.sku === sku) return p; // <- 0
  }
  return undefined;
}

function lineTotal(line) {
  const entry = getEntry(line.sku); // <- 1
  if (!entry) throw new Error(`unknown sku ${line.sku}`);
  const net = entry.price * line.quantity;
  return net * (1 + entry.vat / 100);
}

function quote(req, res) {
  let total = 0;
  for (const line of req.body.lines) { // <- outer
    total += lineTotal(line); // <- 2
  }
  res.json({ total: Math.round(total * 100) / 100 });
}

module.exports = { quote };
