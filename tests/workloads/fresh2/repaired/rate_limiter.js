// expect: healthy bench
// Tries limits out on the access log of last week: how many requests of each customer would have been refused?
const crypto = require("crypto");
const fs = require("fs");

const CUSTOMERS = 60;
const WINDOW = 60000; // milliseconds of the log
const LIMIT = 1500;
const log = fs.openSync("limits.log", "w");

/** Requests of a customer in the last minute, and whether one more is in order. */
class SlidingWindow {
  constructor() {
    this.times = new Float64Array(LIMIT);
    this.first = 0;
    this.length = 0;
  }

  allows(now) {
    while (this.length && this.times[this.first] <= now - WINDOW) {
      this.first = (this.first + 1) % LIMIT;
      this.length--;
    }
    if (this.length >= LIMIT) return false;
    this.times[(this.first + this.length++) % LIMIT] = now;
    return true;
  }
}

function* accessLog() {
  let now = 0;
  let mix = 12345;
  for (;;) {
    mix = (Math.imul(mix, 1103515245) + 12345) & 0x7fffffff;
    now += (mix >> 8) % 2;
    const customer = (mix >> 12) % CUSTOMERS;
    yield `10.0.${customer}.7 ${now} GET /articles/${(mix >> 5) % 997}?page=${mix % 9} 200 ${(mix >> 3) % 9000}`;
  }
}

function parse(line) {
  const [address, at, method, url, status, size] = line.split(" ");
  const [path, query] = url.split("?");
  return { address, at: Number(at), method, path, query, status: Number(status), size: Number(size) };
}

function main() {
  console.log("ready", process.pid);
  const windows = new Map();
  const refused = new Map();
  const seen = crypto.createHash("sha256");
  let count = 0;
  let told = performance.now();
  for (const line of accessLog()) {
    const request = parse(line);
    let own = windows.get(request.address);
    if (!own) windows.set(request.address, (own = new SlidingWindow()));
    if (!own.allows(request.at)) refused.set(request.address, (refused.get(request.address) || 0) + 1);
    seen.update(request.path);
    if (++count % 500 === 0 && performance.now() - told > 1000) {
      told = performance.now();
      const total = [...refused.values()].reduce((sum, number) => sum + number, 0);
      fs.writeSync(log, `${Math.round(told)} ${count} requests, ${total} refused\n`);
    }
  }
}
main();
