// expect: pattern=memory-growth bench
// The control panel of a model railway club's layout: the boosters report every train's motor current and block, the
// panel keeps them for as long as a train's run lasts, warns of worn wheels and motors, and shows the members what goes
// where.
// Measured: grows by 2 MB a second; stays at some 86 MB in the twin.
const http = require("http");
const fs = require("fs");

const TRAINS = 60;
const BLOCKS = 48;
const TICK = 25; // ms between two reports of a booster
const RUN = 40; // reports, from one station to the next
const SAMPLES = 80; // of the motor current, in a report

/** Stands for the boosters: tells where each train is and what its motor takes, in a buffer that is filled anew. */
class Boosters {
  #trains = Array.from({ length: TRAINS }, (_, address) => ({ address: address + 3, at: (address * 7) % RUN, run: 0 }));
  #turn = 0;
  #milliamperes = new Int16Array(SAMPLES);

  tell(panel) {
    this.#turn++;
    for (const train of this.#trains) {
      train.at++;
      const ends = train.at >= RUN;
      for (let n = 0; n < SAMPLES; n++) {
        this.#milliamperes[n] = 300 + 100 * Math.sin((this.#turn + n * train.address) / 3);
      }
      const report = {
        run: `${train.address}/${train.run}`,
        address: train.address,
        block: (train.address * 5 + Math.floor(train.at / 5)) % BLOCKS,
        speed: 40 + 30 * Math.sin(train.at / 12),
        milliamperes: this.#milliamperes,
        ends,
      };
      if (ends) {
        train.at = 0;
        train.run++;
      }
      panel.take(report); // <- cost
    }
  }
}

/** A train's way from one station to the next. */
class Run {
  reports = [];

  constructor(id, address) {
    this.id = id;
    this.address = address;
    this.began = Date.now();
  }

  add(report) {
    const current = Array.from(report.milliamperes, (each) => each / 1000); // <- cost
    this.reports.push({ block: report.block, speed: report.speed, current }); // <- cost
  }

  /** How the run went: what the motor took, by mean and spread, and the blocks that were passed. */
  summary() {
    let sum = 0;
    let squares = 0;
    let count = 0;
    const blocks = new Set();
    for (const { current, block } of this.reports) {
      blocks.add(block);
      for (const ampere of current) {
        sum += ampere;
        squares += ampere * ampere;
        count++;
      }
    }
    const mean = sum / count;
    const spread = Math.sqrt(squares / count - mean * mean);
    return { id: this.id, mean, spread, blocks: blocks.size, ms: Date.now() - this.began };
  }
}

class Panel {
  #runs = new Map();
  #worn = new Map();
  #last = [];
  done = 0;

  #runOf(report) {
    let run = this.#runs.get(report.run);
    if (!run) {
      run = new Run(report.run, report.address);
      this.#runs.set(report.run, run); // <- cost
    }
    return run;
  }

  take(report) {
    const run = this.#runOf(report); // <- cost
    run.add(report); // <- cost
    if (report.ends) {
      this.#finish(run);
    }
  }

  #finish(run) {
    const summary = run.summary();
    this.done++;
    this.#last.push(summary);
    if (this.#last.length > 100) {
      this.#last.shift();
    }
    const before = this.#worn.get(run.address) ?? summary.spread;
    this.#worn.set(run.address, 0.9 * before + 0.1 * summary.spread);
  }

  /** What the members see: the last runs, and the trains that should go to the workshop. */
  view() {
    const workshop = [...this.#worn].filter(([, spread]) => spread > 0.0705).map(([address]) => address);
    return { done: this.done, last: this.#last.slice(-8), workshop };
  }
}

function serve(panel) {
  return http.createServer((request, response) => {
    if (request.url !== "/panel") {
      response.writeHead(404).end();
      return;
    }
    const body = JSON.stringify(panel.view());
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
    response.end(body);
  });
}

const boosters = new Boosters();
const panel = new Panel();

setInterval(() => boosters.tell(panel), TICK); // <- cost

setInterval(() => {
  const megabytes = Math.round(process.memoryUsage().heapUsed / 1e6);
  fs.writeFile("evening.json", JSON.stringify({ ...panel.view(), megabytes }), () => {});
  console.error(`${panel.done} runs, ${megabytes} MB`);
}, 2000);

serve(panel).listen(0, "127.0.0.1", () => {
  setTimeout(() => console.log("ready", process.pid), 8000);
});
