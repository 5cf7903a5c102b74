// expect: pattern=small-io bench
// Exports a price list as text: each field is written to the file when it is formatted.
const crypto = require("crypto");
const fs = require("fs");

const COUNTRIES = [["DE", 1.19], ["FR", 1.2], ["SE", 1.25], ["CH", 1.081], ["PL", 1.23]];
const log = fs.openSync("export.log", "w");

function* articles(edition) {
  for (let number = 0; number < 3000; number++) {
    const net = 99 + ((number * 7919 + edition * 31) % 90000);
    yield { number, name: `Article "${number % 700}", size ${number % 9}`, net, stock: (number * 31) % 77 };
  }
}

function quoted(text) {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

class Output {
  constructor(path) {
    this.file = fs.openSync(path, "w");
    this.first = true;
    this.hash = crypto.createHash("sha256");
  }

  field(value) {
    const text = (this.first ? "" : ",") + quoted(String(value));
    this.first = false;
    fs.writeSync(this.file, text); // <- cost
  }

  row(values) {
    for (const value of values) this.field(value); // <- cost
    fs.writeSync(this.file, "\n"); // <- cost
    this.first = true;
    this.hash.update(String(values[0]));
  }

  close() {
    fs.closeSync(this.file);
    return this.hash.digest("hex");
  }
}

function prices(net, stock) {
  const reduced = stock > 50 ? net * 0.9 : stock > 20 ? net * 0.95 : net;
  return COUNTRIES.map(([, tax]) => ((Math.round(reduced * tax) - (Math.round(reduced * tax) % 5)) / 100).toFixed(2));
}

let rows = 0;
function exported(edition) {
  const output = new Output("prices.csv");
  output.row(["number", "name", ...COUNTRIES.map(([name]) => name), "stock"]);
  for (const { number, name, net, stock } of articles(edition)) {
    output.row([number, name, ...prices(net, stock), stock]); // <- cost
    rows++;
  }
  return output.close();
}

console.log("ready", process.pid);
let told = performance.now();
function turn(edition) {
  const sum = exported(edition);
  if (performance.now() - told > 1000) {
    told = performance.now();
    fs.writeSync(log, `${Math.round(told)} ${rows} rows exported, the last sum is ${sum.slice(0, 8)}\n`);
  }
  setImmediate(turn, edition + 1);
}
turn(0);
