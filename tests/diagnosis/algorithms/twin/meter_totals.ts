import { readFileSync } from "node:fs";

export interface Reading {
  meter: string;
  kwh: number;
  at: string;
}

export interface MeterTotal {
  kwh: number;
  count: number;
  last: string;
}

type Totals = Record<string, MeterTotal>;

const EMPTY: MeterTotal = { kwh: 0, count: 0, last: "" };

export function parseLines(text: string): Reading[] {
  return text
    .split("\n")
    .filter((line) => line.length > 0)
    .map((line) => {
      const [meter, kwh, at] = line.split(";");
      return { meter, kwh: Number(kwh), at };
    });
}

function add(total: MeterTotal, r: Reading): MeterTotal {
  return {
    kwh: total.kwh + r.kwh,
    count: total.count + 1,
    last: r.at > total.last ? r.at : total.last,
  };
}

export function totalsByMeter(readings: Reading[]): Totals {
  const totals: Totals = {};
  for (const r of readings) {
    totals[r.meter] = add(totals[r.meter] ?? EMPTY, r); // <- hot 68
  }
  return totals;
}

export function loadTotals(path: string): Array<[string, MeterTotal]> {
  const totals = totalsByMeter(parseLines(readFileSync(path, "utf8")));
  return Object.entries(totals).sort((a, b) => b[1].kwh - a[1].kwh);
}
