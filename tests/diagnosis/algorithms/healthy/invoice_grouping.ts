interface Line {
  customer: string;
  date: string;
  sku: string;
  qty: number;
  unitCents: number;
}

interface Invoice {
  customer: string;
  lines: Line[];
  netCents: number;
  discountCents: number;
}

const groupBy = <T, K>(items: Iterable<T>, key: (item: T) => K): Map<K, T[]> => {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const k = key(item);
    const group = groups.get(k); // <- hot 33
    if (group) group.push(item); // <- hot 9
    else groups.set(k, [item]);
  }
  return groups;
};

const compareLines = (a: Line, b: Line): number =>
  a.date < b.date ? -1 : a.date > b.date ? 1 : a.sku.localeCompare(b.sku); // <- hot 26

function volumeDiscount(lines: Line[]): number {
  let discount = 0;
  for (const [, same] of groupBy(lines, (l) => l.sku)) {
    const qty = same.reduce((n, l) => n + l.qty, 0);
    if (qty >= 100) {
      discount += same.reduce((n, l) => n + l.qty * l.unitCents, 0) * 0.05;
    }
  }
  return Math.round(discount);
}

export function invoices(lines: Line[]): Invoice[] {
  const out: Invoice[] = [];
  for (const [customer, own] of groupBy(lines, (l) => l.customer)) {
    own.sort(compareLines); // <- hot 14
    const netCents = own.reduce((n, l) => n + l.qty * l.unitCents, 0);
    out.push({ customer, lines: own, netCents, discountCents: volumeDiscount(own) });
  }
  return out;
}
