import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

export async function readCloses(path) {
  const closes = [];
  const rl = createInterface({ input: createReadStream(path) });
  for await (const line of rl) {
    const [day, , , , close] = line.split(",");
    if (day !== "Date") closes.push(Number(close));
  }
  return closes;
}

function daysUntilHigher(closes, day) {
  let later = day + 1;
  while (later < closes.length && closes[later] <= closes[day]) { // <- cost hot 62
    later++; // <- hot 29
  }
  return later < closes.length ? later - day : Infinity;
}

export function recoveryDays(closes) {
  return closes.map((_, day) => daysUntilHigher(closes, day)); // <- cost
}

export function histogram(days, edges = [1, 5, 20, 60, 250]) {
  const bins = new Array(edges.length + 1).fill(0);
  for (const d of days) {
    let b = 0;
    while (b < edges.length && d > edges[b]) b++;
    bins[b]++;
  }
  return bins;
}

export async function report(path) {
  const closes = await readCloses(path);
  const days = recoveryDays(closes);
  return {
    never: days.filter((d) => d === Infinity).length,
    bins: histogram(days),
  };
}
