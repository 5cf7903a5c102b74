// expect: healthy bench
// Keeps the journal of a cycling race's timing mats: a round of passings comes in, laps and gaps are worked out, and
// each passing is written down, so that the jury can look at it.
// Measured: a round of 12 passings takes 22 ms and more, about 1.8 for each write; in the twin 0.24 ms.
const fs = require("fs");

const RIDERS = 160;
const LOOP = 5400; // metres
const TEAMS = ["Azur", "Brabant", "Kestrel", "Lys", "Montagne", "Nord", "Polder", "Veloce"];

class Journal {
  #file;
  #largest;
  #size = 0;
  #lines = [];

  constructor(path, largest) {
    this.#file = fs.openSync(path, "a");
    this.#largest = largest;
    fs.ftruncateSync(this.#file);
  }

  #room(size) {
    if (this.#size + size > this.#largest) {
      fs.ftruncateSync(this.#file);
      this.#size = 0;
    }
    this.#size += size;
  }

  append(entry) {
    this.#lines.push(JSON.stringify(entry) + "\n");
  }

  /** Write what has come since the last time. */
  flush() {
    const bytes = Buffer.from(this.#lines.join(""));
    this.#lines = [];
    this.#room(bytes.length);
    fs.writeSync(this.#file, bytes);
  }
}

class Rider {
  laps = [];
  seen = 0;

  constructor(bib) {
    this.bib = bib;
    this.team = TEAMS[bib % TEAMS.length];
    this.pace = 0.8 + ((bib * 7919) % 97) / 400;
  }

  pass(at) {
    const lap = this.seen ? at - this.seen : 0;
    this.seen = at;
    if (lap) this.laps.push(lap);
    if (this.laps.length > 20) this.laps.shift();
    return lap;
  }

  get best() {
    return this.laps.length ? Math.min(...this.laps) : 0;
  }

  get mean() {
    return this.laps.length ? this.laps.reduce((sum, lap) => sum + lap, 0) / this.laps.length : 0;
  }
}

/** The mat at the line: frames of 12 bytes, chip, battery, antenna and milliseconds. */
class Mat {
  #dice = 12345;
  #at = 0;

  #next(most) {
    this.#dice = (Math.imul(this.#dice, 1103515245) + 12345) >>> 0;
    return (this.#dice >>> 8) % most;
  }

  frames(count) {
    const bytes = Buffer.alloc(count * 12);
    for (let at = 0; at < bytes.length; at += 12) {
      this.#at += 200 + this.#next(900);
      bytes.writeUInt32BE(0xc0de00 + this.#next(RIDERS + 2), at);
      bytes.writeUInt8(60 + this.#next(40), at + 4);
      bytes.writeUInt8(this.#next(8), at + 5);
      bytes.writeUIntBE(this.#at, at + 6, 6);
    }
    return bytes;
  }
}

class Race {
  riders = new Map();
  unknown = 0;
  passings = 0;

  constructor(journal) {
    this.journal = journal;
    for (let bib = 0; bib < RIDERS; bib++) this.riders.set(0xc0de00 + bib, new Rider(bib + 1));
  }

  *decode(bytes) {
    for (let at = 0; at < bytes.length; at += 12) {
      const rider = this.riders.get(bytes.readUInt32BE(at));
      if (!rider) {
        this.unknown++;
        continue;
      }
      yield { rider, battery: bytes[at + 4], antenna: bytes[at + 5], at: bytes.readUIntBE(at + 6, 6) };
    }
  }

  take(bytes) {
    let ahead = 0;
    for (const { rider, battery, antenna, at } of this.decode(bytes)) {
      const lap = rider.pass(at);
      const entry = { bib: rider.bib, team: rider.team, at, lap, gap: ahead ? at - ahead : 0, antenna };
      if (lap) entry.speed = Number(((LOOP / lap) * 3600 * rider.pace).toFixed(2));
      if (battery < 65) entry.battery = battery;
      this.journal.append(entry);
      ahead = at;
      this.passings++;
    }
    this.journal.flush();
  }

  board() {
    const order = [...this.riders.values()].filter((rider) => rider.laps.length);
    order.sort((a, b) => a.mean - b.mean || a.bib - b.bib);
    return order.slice(0, 20).map((rider) => `${rider.bib} ${rider.team} ${rider.best} ${rider.mean.toFixed(0)}`);
  }
}

const race = new Race(new Journal("passings.jsonl", 16 << 20));
const mat = new Mat();
let rounds = 0;
let spent = 0;
setInterval(() => {
  const bytes = mat.frames(12);
  const began = performance.now();
  race.take(bytes);
  spent += performance.now() - began;
  rounds++;
}, 25);
setInterval(() => {
  const state = `${rounds} rounds, ${(spent / rounds).toFixed(2)} ms each, ${race.unknown} chips unknown`;
  fs.writeFileSync("board.txt", [state, ...race.board()].join("\n"));
}, 2000);
console.log("ready", process.pid);
