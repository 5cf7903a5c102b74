import { readFile } from "node:fs/promises";

export interface PriceRow {
  sku: string;
  store: string;
  cents: number;
  validFrom: string;
}

export type PriceIndex = Record<string, PriceRow>;

function parseLine(line: string): PriceRow {
  const [sku, store, cents, validFrom] = line.split(";"); // <- hot 27
  return { sku, store, cents: Number(cents), validFrom };
}

const keyOf = (row: PriceRow): string => `${row.store}/${row.sku}`;

export function indexBy<T>(rows: T[], key: (row: T) => string): Record<string, T> {
  const out: Record<string, T> = {};
  for (const row of rows) {
    out[key(row)] = row; // <- hot 48
  }
  return out;
}

export async function loadPrices(path: string): Promise<PriceIndex> {
  const text = await readFile(path, "utf8");
  const rows = text
    .split("\n")
    .filter((line) => line.length > 0)
    .map(parseLine);
  return indexBy(rows, keyOf);
}

export function priceOf(index: PriceIndex, store: string, sku: string): number | undefined {
  return index[`${store}/${sku}`]?.cents;
}
