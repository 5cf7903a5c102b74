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

function formatDate(iso: string, locale: Locale): string {
  const format = new Intl.DateTimeFormat(locale.tag, { // <- cost hot 48
    dateStyle: 'medium',
    timeZone: locale.timeZone,
  });
  return format.format(new Date(iso));
}

function formatMoney(amount: number, currency: string, locale: Locale): string {
  return amount.toLocaleString(locale.tag, { style: 'currency', currency }); // <- cost hot 40
}

function* lines(transactions: Iterable<Transaction>, locale: Locale): Generator<string> {
  yield 'date;text;amount;balance\n';
  let balance = 0;
  for (const t of transactions) {
    balance += t.amount;
    yield [
      formatDate(t.bookedAt, locale),
      quote(t.text),
      formatMoney(t.amount, t.currency, locale),
      formatMoney(balance, t.currency, locale),
    ].join(';') + '\n';
  }
}

export function statement(transactions: Iterable<Transaction>, locale: Locale): Readable {
  return Readable.from(lines(transactions, locale));
}
