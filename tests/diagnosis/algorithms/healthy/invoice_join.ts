import { Transform, type TransformCallback } from 'node:stream';

interface Customer {
  id: number;
  name: string;
  discounts: readonly { from: number; percent: number }[];
}

interface Line {
  invoice: string;
  customerId: number;
  qty: number;
  unit: number;
}

interface Invoice {
  invoice: string;
  customer: string;
  net: number;
  lines: number;
}

function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key); // <- hot 24
    if (group) group.push(item); // <- hot 10
    else groups.set(key, [item]);
  }
  return groups;
}

function discountFor(customer: Customer, total: number): number {
  const tier = customer.discounts.find((d) => total >= d.from);
  return tier ? tier.percent : 0;
}

export function invoices(lines: readonly Line[], customers: readonly Customer[]): Invoice[] {
  const byId = new Map(customers.map((c) => [c.id, c]));
  const result: Invoice[] = [];
  for (const [invoice, group] of groupBy(lines, (l) => l.invoice)) {
    const customer = byId.get(group[0].customerId);
    if (!customer) continue;
    const total = group.reduce((sum, l) => sum + l.qty * l.unit, 0); // <- hot 22
    const net = total * (1 - discountFor(customer, total) / 100);
    result.push({ invoice, customer: customer.name, net, lines: group.length }); // <- hot 12
  }
  return result;
}

export class InvoiceStage extends Transform {
  constructor(private readonly customers: readonly Customer[]) {
    super({ objectMode: true });
  }

  override _transform(batch: Line[], _enc: BufferEncoding, done: TransformCallback): void {
    for (const invoice of invoices(batch, this.customers)) this.push(invoice);
    done();
  }
}
