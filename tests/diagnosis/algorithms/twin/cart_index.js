import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';

const toCents = (text) => Math.round(Number.parseFloat(text) * 100);

const indexBy = (rows, keyOf, valueOf) =>
  rows.reduce((acc, row) => {
    acc[keyOf(row)] = valueOf(row); // <- hot 25
    return acc;
  }, Object.create(null));

async function readAll(file) {
  const rows = [];
  const parser = createReadStream(file).pipe(parse({ columns: true, trim: true }));
  for await (const row of parser) rows.push(row); // <- hot 50
  return rows;
}

export async function loadPriceList(file) {
  const rows = await readAll(file);
  return indexBy(
    rows.filter((r) => r.active === '1'),
    (r) => `${r.sku}/${r.currency}`,
    (r) => ({ net: toCents(r.net), vat: Number(r.vat) }),
  );
}

export function reprice(cart, prices) {
  const lines = cart.lines.map((line) => {
    const price = prices[`${line.sku}/${cart.currency}`];
    if (!price) return { ...line, missing: true };
    const net = price.net * line.quantity;
    return { ...line, net, gross: Math.round(net * (1 + price.vat / 100)) };
  });
  const total = lines.reduce((sum, l) => sum + (l.gross ?? 0), 0);
  return { ...cart, lines, total };
}

export function reloadEvery(minutes, file, onLoad) {
  const tick = async () => onLoad(await loadPriceList(file));
  const timer = setInterval(tick, minutes * 60_000);
  timer.unref();
  return tick();
}
