// expect: healthy bench
// Billing between telephone companies: the trunk exchange leaves a file of call records every few moments, in the blocks
// of its old tapes; each file is fetched, its records are counted, and the minutes are put to the company that pays for them.
// Measured: 13 to 15 ms of CPU for each file; 57 to 69 ms in the problem.
const fs = require("fs");
const path = require("path");

const FILES = 5;
const RECORDS = 120_000; // in a file
const RECORD = 48;
const SLICE = 10_000; // records that are put to accounts in one go
const PERIOD = 600;
const CARRIERS = ["Northern Trunk", "Atlantic Cable", "Overland", "Isles Telephone", "Baltic Line", "Alpine Tel"];
const TARIFF = Float64Array.from([1.2, 4.8, 1.9, 2.4, 2.2, 2.9]); // pence a minute

function dice(seed) {
  let state = seed >>> 0;
  return (most) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 9) % most;
  };
}

/** The exchange's files: records of 48 bytes, and their count at the end. */
function recordFiles(folder) {
  fs.mkdirSync(folder);
  const next = dice(1880);
  const file = Buffer.alloc(RECORDS * RECORD + 4);
  return Array.from({ length: FILES }, (_, number) => {
    for (let at = 0; at < RECORDS * RECORD; at += RECORD) {
      file.writeUInt32BE(number * RECORDS + at / RECORD, at);
      file.writeUInt8(next(CARRIERS.length), at + 4);
      file.writeUInt8(next(20) === 0 ? 1 : 0, at + 5); // a call that was cut off
      file.writeUInt16BE(next(120), at + 6); // trunk
      file.writeUInt32BE(next(3600), at + 8); // seconds
      file.write(String(200_000_000 + next(90_000_000)), at + 12, "latin1");
    }
    file.writeUInt32BE(RECORDS, RECORDS * RECORD);
    const name = path.join(folder, `trunk-${number}.dat`);
    fs.writeFileSync(name, file);
    return name;
  });
}

class Accounts {
  minutes = new Float64Array(CARRIERS.length);
  calls = new Uint32Array(CARRIERS.length);
  cut = 0;
  trunks = new Uint32Array(120);

  put(file, first, last) {
    for (let at = first * RECORD; at < last * RECORD; at += RECORD) {
      if (file[at + 5]) {
        this.cut++;
        continue;
      }
      const carrier = file[at + 4];
      this.minutes[carrier] += Math.ceil(file.readUInt32BE(at + 8) / 6) / 10;
      this.calls[carrier]++;
      this.trunks[file.readUInt16BE(at + 6)]++;
    }
  }

  statement() {
    const lines = CARRIERS.map((name, at) => {
      const pounds = (this.minutes[at] * TARIFF[at]) / 100;
      return `${name.padEnd(18)}${this.calls[at]} calls ${this.minutes[at].toFixed(0)} min £${pounds.toFixed(2)}`;
    });
    const busiest = this.trunks.indexOf(Math.max(...this.trunks));
    return `${lines.join("\n")}\n${this.cut} cut off, busiest trunk ${busiest}\n`;
  }
}

class Mediation {
  constructor(accounts) {
    this.accounts = accounts;
    this.refused = 0;
  }

  /** The whole of a file, as it comes from the exchange. */
  async fetch(name) {
    const blocks = [];
    for await (const block of fs.createReadStream(name)) blocks.push(block);
    return Buffer.concat(blocks);
  }

  async take(name) {
    const file = await this.fetch(name);
    const records = file.readUInt32BE(file.length - 4);
    if (records * RECORD !== file.length - 4) {
      this.refused++;
      return;
    }
    for (let first = 0; first < records; first += SLICE) {
      this.accounts.put(file, first, Math.min(first + SLICE, records));
      await new Promise(setImmediate);
    }
  }
}

async function main() {
  const names = recordFiles("exchange");
  const mediation = new Mediation(new Accounts());
  let taken = 0;
  let spent = 0;
  setInterval(() => {
    const state = `${taken} files, ${(spent / taken).toFixed(1)} ms each, ${mediation.refused} refused\n`;
    fs.writeFile("statement.txt", state + mediation.accounts.statement(), () => {});
  }, 2000);
  await mediation.take(names[0]);
  console.log("ready", process.pid);
  for (;;) {
    const began = performance.now();
    await mediation.take(names[taken % FILES]);
    taken++;
    const done = performance.now();
    spent += done - began;
    await new Promise((go) => setTimeout(go, Math.max(0, began + PERIOD - done)));
  }
}

main();
