import { createWriteStream } from 'node:fs';

const unique = (values) => [...new Set(values)].sort();

export class SalesPivot {
  constructor(rows) {
    this.cells = new Map();
    for (const r of rows) {
      const key = `${r.shop}|${r.week}`; // <- hot 26
      this.cells.set(key, (this.cells.get(key) ?? 0) + r.qty * r.price); // <- hot 41
    }
    this.shops = unique(rows.map((r) => r.shop));
    this.weeks = unique(rows.map((r) => r.week));
  }

  cell(shop, week) {
    return this.cells.get(`${shop}|${week}`) ?? 0; // <- hot 9
  }

  *lines() {
    yield ['shop', ...this.weeks, 'sum'];
    for (const shop of this.shops) {
      const cells = this.weeks.map((week) => this.cell(shop, week));
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
