// expect: healthy bench
// Puts the offers of grain merchants side by side: asks each of them for each lot, and ranks what they offer.
// Measured: 40 lots a second, which are all that come; 12 in the twin that has the problem.
const { execFileSync } = require("child_process");
const fs = require("fs");
const http = require("http");
const { setTimeout } = require("timers/promises");

const GRAINS = ["wheat", "barley", "oats", "rye", "maize"];
const MERCHANTS = ["North Mill", "Harbour Trade", "Kernel & Sons", "Plain Silo", "Old Barn", "Delta Feed", "Hill Coop", "Sack & Scale"];
const EVERY = 25; // ms from one lot to the next
const log = fs.openSync("tenders.log", "w");

function startServices() {
  const settings = { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] };
  const start = (delay) => Number(execFileSync(process.env.PYTHON || "python3", [process.env.SERVICES, "http", delay], settings));
  const ports = [start("6"), start("9")];
  return MERCHANTS.map((name, at) => ({ name, port: ports[at % ports.length], house: at }));
}

/** One merchant's desk, on connections that are kept. */
class Merchant {
  #agent = new http.Agent({ keepAlive: true, maxSockets: 4 });

  constructor({ name, port, house }) {
    Object.assign(this, { name, port, house });
  }

  offer(lot) {
    const path = `/${this.house}/${lot.grain}/${lot.tonnes}/${lot.number % 500}`;
    return new Promise((resolve, reject) => {
      const request = http.get({ host: "127.0.0.1", port: this.port, path, agent: this.#agent, timeout: 2000 }, (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("end", () => {
          if (answer.statusCode !== 200) return reject(new Error(`${this.name} says ${answer.statusCode}`));
          const { price, stock } = JSON.parse(Buffer.concat(parts).toString());
          resolve({ merchant: this.name, cents: 18000 + price * 11, delivers: stock > 0 });
        });
      });
      request.on("timeout", () => request.destroy(new Error(`${this.name} does not answer`)));
      request.on("error", reject);
    });
  }
}

class Board {
  constructor(merchants) {
    this.merchants = merchants;
    this.wins = new Map(merchants.map(({ name }) => [name, 0]));
    this.lots = 0;
    this.silent = 0;
    this.turnover = 0;
  }

  async collect(lot) {
    const answers = await Promise.allSettled(this.merchants.map((merchant) => merchant.offer(lot)));
    for (const { reason } of answers.filter(({ status }) => status === "rejected")) {
      this.silent++;
      fs.writeSync(log, `${reason.message}\n`);
    }
    return answers.filter(({ status }) => status === "fulfilled").map(({ value }) => value);
  }

  rank(lot, offers) {
    const freight = (offer) => (offer.merchant.length * 37 + lot.number) % 900;
    return offers
      .filter((offer) => offer.delivers)
      .map((offer) => ({ ...offer, total: offer.cents + freight(offer) }))
      .sort((a, b) => a.total - b.total);
  }

  async tender(lot) {
    const [best] = this.rank(lot, await this.collect(lot));
    this.lots++;
    if (!best) return;
    this.wins.set(best.merchant, this.wins.get(best.merchant) + 1);
    this.turnover += (best.total * lot.tonnes) / 100;
  }
}

/** Lots come in at a rate of their own; one that has waited too long is withdrawn. */
class Lots {
  #began = performance.now();
  #number = 0;
  withdrawn = 0;

  async next() {
    const due = this.#began + (this.#number + 1) * EVERY;
    const early = due - performance.now();
    if (early > 0) await setTimeout(early);
    const late = Math.max(0, Math.floor(-early / EVERY) - 10);
    this.withdrawn += late;
    const number = (this.#number += 1 + late);
    return { number, grain: GRAINS[number % GRAINS.length], tonnes: 20 + ((number * 31) % 180) };
  }
}

async function main() {
  const board = new Board(startServices().map((settings) => new Merchant(settings)));
  const queue = new Lots();
  const began = performance.now();
  setInterval(() => {
    const seconds = (performance.now() - began) / 1000;
    const [leader] = [...board.wins].sort((a, b) => b[1] - a[1]);
    const line = `${(board.lots / seconds).toFixed(1)} lots a second, ${leader.join(" won ")}, ${board.silent} silent`;
    fs.writeSync(log, `${line}, ${queue.withdrawn} withdrawn, ${Math.round(board.turnover)} EUR\n`);
  }, 1000);
  console.log("ready", process.pid);
  for (;;) await board.tender(await queue.next());
}

main();
