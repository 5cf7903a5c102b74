import { createInterface } from 'node:readline';
import { createReadStream } from 'node:fs';

async function readCandles(file) {
  const candles = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (line.startsWith('date')) continue;
    const [date, open, high, low, close] = line.split(',');
    candles.push({ date, open: +open, high: +high, low: +low, close: +close });
  }
  return candles;
}

function daysSinceHigher(candles, today) {
  let days = 1;
  while (today - days >= 0 && candles[today - days].high <= candles[today].high) { // <- cost hot 88
    days++; // <- hot 8
  }
  return days;
}

export function spans(candles) {
  return candles.map((_, i) => daysSinceHigher(candles, i)); // <- cost
}

export function breakouts(candles, minimum) {
  const found = [];
  const span = spans(candles);
  for (let i = 0; i < candles.length; i++) {
    if (span[i] >= minimum && candles[i].close > candles[i].open) {
      found.push({ date: candles[i].date, span: span[i], close: candles[i].close });
    }
  }
  return found;
}

export async function report(files, minimum = 252) {
  for (const file of files) {
    const candles = await readCandles(file);
    for (const b of breakouts(candles, minimum)) {
      console.log(`${file}\t${b.date}\t${b.span}\t${b.close.toFixed(2)}`);
    }
  }
}
