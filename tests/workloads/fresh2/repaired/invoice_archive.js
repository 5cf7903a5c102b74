// expect: healthy bench
// Archives invoices as they come: each is rendered, packed with gzip, and appended to the archive of the day.

const crypto = require("crypto");
const fs = require("fs");
const { promisify } = require("util");
const zlib = require("zlib");

const RATE = 90;
const gzip = promisify(zlib.gzip);
const log = fs.openSync("archive.log", "w");
const archive = fs.createWriteStream("archive.bin");
const index = [];
let archived = 0;
let bytes = 0;
let spent = 0;

function render(number) {
  const rows = [];
  for (let line = 0; line < 25; line++) {
    const cents = 99 + ((number * 31 + line) * 7919) % 9000;
    rows.push(`<tr><td>article ${(number * 31 + line * 7) % 997}</td><td>${(cents / 100).toFixed(2)} EUR</td></tr>`);
  }
  return `<html><h1>Invoice ${number}</h1><table>${rows.join("")}</table></html>`;
}

function pack(text) {
  return gzip(text, { level: 6 });
}

async function store(number) {
  const began = performance.now();
  const packed = await pack(render(number));
  const sum = crypto.createHash("sha256").update(packed).digest("hex");
  archive.write(packed);
  index[number % 5000] = { number, sum, at: bytes, size: packed.length };
  bytes += packed.length;
  archived++;
  spent += performance.now() - began;
}

async function main() {
  console.log("ready", process.pid);
  const began = performance.now();
  let told = began;
  for (let number = 0; ; number++) {
    const early = began + (number * 1000) / RATE - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    await store(number);
    if (performance.now() - told > 1000) {
      told = performance.now();
      const { user, system } = process.cpuUsage();
      const each = `${(spent / archived).toFixed(2)} ms each, ${((user + system) / 1000 / archived).toFixed(2)} ms of a core`;
      fs.writeSync(log, `${Math.round(told)} ${archived} invoices, ${each}\n`);
    }
  }
}
main();
