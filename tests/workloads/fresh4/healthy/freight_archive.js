// expect: healthy bench
// Packs the papers of a freight line for the archive: takes one consignment after the other, renders its papers as one
// document, compresses that off the main thread, and appends it to the volume of the month with an entry in its index.
const { promisify } = require("util");
const { open } = require("fs/promises");
const crypto = require("crypto");
const fs = require("fs");
const zlib = require("zlib");

const brotli = promisify(zlib.brotliCompress);
const VOLUME = 24 << 20;
const SIDE_BY_SIDE = 2;
const LINES = 1400;
const settings = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5, [zlib.constants.BROTLI_PARAM_LGWIN]: 20 } };
const log = fs.openSync("archive.log", "w");
const towns = ["Bremen", "Gdynia", "Antwerp", "Turku", "Bilbao", "Trieste", "Varna"];

function* consignments() {
  for (let number = 1; ; number++) {
    const seed = crypto.createHash("md5").update(`consignment ${number}`).digest();
    yield { number, from: towns[number % 7], to: towns[(number * 3 + 1) % 7], seed };
  }
}

function papers({ number, from, to, seed }) {
  const lines = [`CONSIGNMENT ${number}`, `from ${from} to ${to}`, ""];
  for (let at = 0; at < LINES; at++) {
    const value = (seed[at % 16] * 7919 + at * 104729) % 99991;
    lines.push(`${at};parcel ${value};${5 + (value % 900)} kg;${towns[value % 7]};${(value * 13) % 1000}.${value % 10}`);
  }
  return Buffer.from(lines.join("\n"));
}

class Volume {
  constructor() {
    this.month = 0;
  }

  async begin() {
    await this.file?.close();
    this.month = (this.month + 1) % 2;
    this.file = await open(`volume-${this.month}.br`, "w");
    this.index = [];
    this.size = 0;
  }

  // The place is taken before the write is waited for, so two may write side by side.
  async add(number, packed) {
    const at = this.size;
    this.size += packed.length;
    this.index.push([number, at, packed.length]);
    await this.file.write(packed, 0, packed.length, at);
  }

  get full() {
    return this.size > VOLUME;
  }
}

class Packer {
  done = 0;
  read = 0;
  written = 0;

  constructor(volume) {
    this.volume = volume;
  }

  async pack(consignment) {
    const document = papers(consignment);
    const packed = await brotli(document, settings);
    await this.volume.add(consignment.number, packed);
    this.done++;
    this.read += document.length;
    this.written += packed.length;
  }

  async run(source) {
    await this.volume.begin();
    while (true) {
      const some = Array.from({ length: SIDE_BY_SIDE * 4 }, () => source.next().value);
      const lanes = Array.from({ length: SIDE_BY_SIDE }, async () => {
        while (some.length) await this.pack(some.shift());
      });
      await Promise.all(lanes);
      if (this.volume.full) await this.volume.begin();
    }
  }
}

const packer = new Packer(new Volume());
packer.run(consignments()).catch((error) => {
  fs.writeSync(log, `${error.stack}\n`);
  process.exit(1);
});
setInterval(() => {
  const { done, read, written } = packer;
  const share = ((100 * written) / Math.max(1, read)).toFixed(1);
  fs.writeSync(log, `${Math.round(performance.now())} ${done} consignments, ${read} bytes, packed to ${share} %\n`);
}, 1000);
console.log("ready", process.pid);
