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

export function recoveryDays(closes) {
  const wait = new Array(closes.length).fill(Infinity);
  const open = [];
  for (let day = 0; day < closes.length; day++) {
    while (open.length && closes[open[open.length - 1]] < closes[day]) { // <- hot 41
      const earlier = open.pop(); // <- hot 13
      wait[earlier] = day - earlier;
    }
    open.push(day); // <- hot 14
  }
  return wait;
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
