import { createWriteStream } from 'node:fs';

const unique = (values) => [...new Set(values)].sort();
const total = (rows) => rows.reduce((sum, r) => sum + r.qty * r.price, 0);

export class SalesPivot {
  constructor(rows) {
    this.rows = rows;
    this.shops = unique(rows.map((r) => r.shop));
    this.weeks = unique(rows.map((r) => r.week));
  }

  cell(shop, week) {
    return total(this.rows.filter((r) => r.shop === shop && r.week === week)); // <- cost hot 93
  }

  *lines() {
    yield ['shop', ...this.weeks, 'sum'];
    for (const shop of this.shops) {
      const cells = this.weeks.map((week) => this.cell(shop, week)); // <- cost
      const sum = cells.reduce((a, b) => a + b, 0);
      yield [shop, ...cells.map((c) => c.toFixed(2)), sum.toFixed(2)];
    }
  }

  write(path) {
    const out = createWriteStream(path);
    for (const line of this.lines()) {
      out.write(line.join('\t') + '\n');
    }
    return new Promise((resolve) => out.end(resolve));
  }
}
