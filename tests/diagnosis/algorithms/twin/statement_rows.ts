import { Readable } from 'node:stream';

export interface Transaction {
  id: string;
  bookedAt: string;
  amount: number;
  currency: string;
  text: string;
}

export interface Locale {
  tag: string;
  timeZone: string;
}

const quote = (text: string): string => `"${text.replace(/"/g, '""')}"`;

class Formats {
  private readonly date: Intl.DateTimeFormat;
  private readonly money = new Map<string, Intl.NumberFormat>();

  constructor(private readonly locale: Locale) {
    this.date = new Intl.DateTimeFormat(locale.tag, { dateStyle: 'medium', timeZone: locale.timeZone });
  }

  day(iso: string): string {
    return this.date.format(new Date(iso)); // <- hot 38
  }

  amount(amount: number, currency: string): string {
    let format = this.money.get(currency);
    if (!format) {
      format = new Intl.NumberFormat(this.locale.tag, { style: 'currency', currency });
      this.money.set(currency, format);
    }
    return format.format(amount); // <- hot 32
  }
}

function* lines(transactions: Iterable<Transaction>, locale: Locale): Generator<string> {
  yield 'date;text;amount;balance\n';
  const formats = new Formats(locale);
  let balance = 0;
  for (const t of transactions) {
    balance += t.amount;
    yield [
      formats.day(t.bookedAt),
      quote(t.text),
      formats.amount(t.amount, t.currency),
      formats.amount(balance, t.currency),
    ].join(';') + '\n';
  }
}

export function statement(transactions: Iterable<Transaction>, locale: Locale): Readable {
  return Readable.from(lines(transactions, locale));
}
