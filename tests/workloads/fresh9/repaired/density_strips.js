// expect: healthy bench
// The control desk of a printing works: the scanners at the presses read the colour bar of each sheet, the desk works
// out what the ink keys need, and keeps the last bars of each press in a file, where the laboratory looks them up.
// Measured: 7.5 µs a sheet; 13 µs in the problem.
const fs = require("fs");
const os = require("os");
const path = require("path");

const ZONES = 24;
const INKS = ["black", "cyan", "magenta", "yellow"];
const PATCHES = ZONES * INKS.length;
const BAR = 768; // bytes: a head of 16, the patches' densities, and the room that the laboratory writes into

const FLICKER = Float32Array.from({ length: 1024 }, () => (Math.random() - 0.5) / 10);

/** The last bars of one press: a ring of records of one size. */
class BarFile {
  #file;
  #places;
  #next = 0;

  constructor(folder, press, places) {
    this.#file = fs.openSync(path.join(folder, `${press}.bars`), "w+");
    this.#places = places;
    fs.writeSync(this.#file, Buffer.alloc(places * BAR), 0, places * BAR, 0);
  }

  keep(record) {
    fs.writeSync(this.#file, record, 0, BAR, this.#next * BAR);
    this.#next = (this.#next + 1) % this.#places;
  }

  /** What the laboratory asks for. */
  look(back) {
    const record = Buffer.alloc(BAR);
    const place = (this.#next - 1 - back + this.#places) % this.#places;
    fs.readSync(this.#file, record, 0, BAR, place * BAR);
    return record;
  }
}

/** The ink keys of a press: a zone's key follows the mean of the last deviations, in small steps. */
class Keys {
  #open = new Float32Array(PATCHES).fill(0.5);
  #off = new Float32Array(PATCHES);

  constructor(targets) {
    this.targets = targets;
    this.moves = 0;
  }

  follow(densities) {
    let worst = 0;
    for (let at = 0; at < PATCHES; at++) {
      const off = densities[at] - this.targets[at % INKS.length];
      this.#off[at] += (off - this.#off[at]) / 8;
      if (Math.abs(this.#off[at]) > 0.04) {
        this.#open[at] = Math.min(1, Math.max(0, this.#open[at] - this.#off[at] / 10));
        this.moves++;
      }
      if (Math.abs(off) > worst) worst = Math.abs(off);
    }
    return worst;
  }

  opening(at) {
    return this.#open[at];
  }
}

class Press {
  sheets = 0;
  spoilt = 0;
  #lamp;
  #record = Buffer.alloc(BAR);
  #densities = new Float32Array(this.#record.buffer, this.#record.byteOffset + 16, PATCHES);

  constructor(name, folder, seed) {
    this.name = name;
    this.keys = new Keys([1.75, 1.4, 1.45, 1.3]);
    this.bars = new BarFile(folder, name, 2048);
    this.#lamp = seed;
  }

  /** The scanner's reading: what the keys let through, and the lamp's flicker. */
  #scan() {
    this.#lamp = (this.#lamp + 1) % FLICKER.length;
    for (let at = 0; at < PATCHES; at++) {
      const target = this.keys.targets[at % INKS.length];
      this.#densities[at] = target * (0.8 + 0.4 * this.keys.opening(at)) + FLICKER[(this.#lamp + at) & 1023];
    }
  }

  sheet() {
    this.#scan();
    const worst = this.keys.follow(this.#densities);
    this.sheets++;
    if (worst > 0.12) this.spoilt++;
    this.#record.writeUInt32LE(this.sheets, 0);
    this.#record.writeFloatLE(worst, 4);
    this.bars.keep(this.#record);
  }
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "bars-"));
const leave = () => {
  fs.rmSync(folder, { recursive: true, force: true });
  process.exit(0);
};
process.on("SIGTERM", leave);
process.on("SIGINT", leave);

const presses = ["one", "two", "three", "web-a", "web-b"].map((name, number) => new Press(name, folder, number + 99));
let spent = 0;
setInterval(() => {
  const began = performance.now();
  for (const press of presses) for (let sheet = 0; sheet < 16; sheet++) press.sheet();
  spent += performance.now() - began;
}, 12);
setInterval(() => {
  const rows = presses.map((press) => {
    const last = press.bars.look(0);
    const off = last.readFloatLE(4).toFixed(3);
    return `${press.name} sheet ${last.readUInt32LE(0)} off by ${off}, ${press.spoilt} spoilt`;
  });
  const sheets = presses.reduce((sum, press) => sum + press.sheets, 0);
  fs.writeFileSync("desk.txt", [`${((1000 * spent) / sheets).toFixed(2)} µs a sheet`, ...rows].join("\n"));
}, 2000);
console.log("ready", process.pid);
