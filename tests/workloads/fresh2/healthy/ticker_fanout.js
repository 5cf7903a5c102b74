// expect: healthy bench
// Tells the prices of a stock exchange to two hundred listeners: made into text once, and written to each of them.
const { spawn } = require("child_process");
const fs = require("fs");
const net = require("net");

const PAPERS = 80;
const LISTENERS = 200;

/** Keeps lines open and reads what comes: in a process of its own, which this program starts with "listen PORT". */
function listen(port) {
  for (let i = 0; i < LISTENERS; i++) {
    const line = net.connect(port, "127.0.0.1");
    line.on("data", () => {});
    line.on("close", () => process.exit());
    line.on("error", () => process.exit());
  }
}

class Exchange {
  constructor() {
    this.prices = new Map();
    for (let i = 0; i < PAPERS; i++) this.prices.set(`PAPER-${i}`, 1000 + ((i * 7919) % 9000));
    this.turn = 0;
  }

  /** What has changed: a quarter of all prices, by a little. */
  step() {
    this.turn++;
    const changed = [];
    for (const [name, price] of this.prices) {
      if ((price * 31 + this.turn) % 4) continue;
      const next = Math.max(100, price + ((price + this.turn) % 7) - 3);
      this.prices.set(name, next);
      changed.push({ name, cents: next, change: next - price });
    }
    return { turn: this.turn, at: Date.now(), changed };
  }
}

function serve() {
  const log = fs.openSync("ticker.log", "w");
  const exchange = new Exchange();
  const listeners = new Set();
  let told = 0;
  let slow = 0;
  const server = net.createServer((line) => {
    line.setNoDelay(true);
    line.on("close", () => listeners.delete(line));
    line.on("error", () => line.destroy());
    listeners.add(line);
  });
  server.listen(0, "127.0.0.1", () => {
    spawn(process.execPath, [__filename, "listen", server.address().port], { stdio: "ignore" });
    console.log("ready", process.pid);
  });
  setInterval(() => {
    const text = Buffer.from(`${JSON.stringify(exchange.step())}\n`);
    for (const line of listeners) {
      if (line.writableLength > 1 << 16) {
        slow++; // it misses this turn
        continue;
      }
      line.write(text);
      told++;
    }
  }, 50);
  setInterval(() => fs.writeSync(log, `${Math.round(performance.now())} ${told} told, ${slow} missed\n`), 1000);
}

if (process.argv[2] === "listen") listen(Number(process.argv[3]));
else serve();
