// expect: healthy bench
// Packs the find slips of an excavation for the archive of the county: each trench's slips are written into a gzipped
// file as a stream, which is read back, checked and counted afterwards. A round for each season, with a rest between.
// Measured: a season of 6 trenches, 9,000 slips each, takes 0.4 s, most of it in zlib; then it rests for 0.3 s.
const crypto = require("crypto");
const fs = require("fs");
const os = require("os");
const path = require("path");
const readline = require("readline");
const zlib = require("zlib");
const { Readable, Transform } = require("stream");
const { pipeline } = require("stream/promises");
const { setTimeout: rest } = require("timers/promises");

const MATERIALS = ["pottery", "bone", "iron", "bronze", "glass", "flint", "amber"];
const COLOURS = ["grey", "red", "buff", "black", "green", "white"];
const TRENCHES = 6;
const SLIPS = 9000;
const BLOCK = 200; // slips that go into the stream at once

class Dice {
  #state;

  constructor(seed) {
    this.#state = (seed * 2654435761) >>> 0 || 1;
  }

  next(most) {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return (this.#state >>> 3) % most;
  }
}

/** The slips of a trench, a block of lines at a time. */
function* slips(season, trench) {
  const dice = new Dice(season * 100 + trench + 1);
  for (let number = 1; number <= SLIPS; ) {
    const lines = [];
    for (let left = BLOCK; left > 0 && number <= SLIPS; left--, number++) {
      const material = MATERIALS[dice.next(MATERIALS.length)];
      const grams = 1 + dice.next(900);
      const place = `${dice.next(5000) / 1000};${dice.next(5000) / 1000};${dice.next(2500) / 1000}`;
      lines.push(`${season};${trench};${number};${1 + dice.next(40)};${material};${COLOURS[dice.next(6)]};${grams};${place}`);
    }
    yield lines.join("\n") + "\n";
  }
}

/** Passes everything on, and keeps a digest and the length of what passed. */
class Seal extends Transform {
  #hash = crypto.createHash("sha256");
  bytes = 0;

  _transform(chunk, _, done) {
    this.#hash.update(chunk);
    this.bytes += chunk.length;
    done(null, chunk);
  }

  digest() {
    return this.#hash.digest("hex");
  }
}

class Summary {
  #grams = new Map(MATERIALS.map((material) => [material, 0]));
  count = 0;

  add(line) {
    const fields = line.split(";");
    const material = fields[4];
    this.#grams.set(material, this.#grams.get(material) + Number(fields[6]));
    this.count++;
  }

  heaviest() {
    const order = [...this.#grams].sort((a, b) => b[1] - a[1]);
    return order.slice(0, 3).map(([material, grams]) => `${material} ${(grams / 1000).toFixed(1)} kg`);
  }
}

class Archive {
  constructor(folder) {
    this.folder = folder;
  }

  #file(season, trench) {
    return path.join(this.folder, `season-${season}-trench-${trench}.csv.gz`);
  }

  async pack(season, trench) {
    const seal = new Seal();
    const to = fs.createWriteStream(this.#file(season, trench));
    const from = Readable.from(slips(season, trench), { objectMode: false, highWaterMark: 1 << 16 });
    await pipeline(from, seal, zlib.createGzip({ level: 6 }), to);
    return { bytes: seal.bytes, digest: seal.digest() };
  }

  /** Reads a file back, in one pass, into ``summary``; whether it is what was packed. */
  async check(season, trench, packed, summary) {
    const seal = new Seal();
    const reading = pipeline(fs.createReadStream(this.#file(season, trench)), zlib.createGunzip(), seal);
    for await (const line of readline.createInterface({ input: seal, crlfDelay: Infinity })) summary.add(line);
    await reading;
    return seal.bytes === packed.bytes && seal.digest() === packed.digest;
  }

  async drop(season) {
    for (let trench = 0; trench < TRENCHES; trench++) await fs.promises.rm(this.#file(season, trench), { force: true });
  }
}

async function work(archive) {
  for (let season = 1; ; season++) {
    const began = performance.now();
    const summary = new Summary();
    let bytes = 0;
    for (let trench = 0; trench < TRENCHES; trench++) {
      const packed = await archive.pack(season, trench);
      if (!(await archive.check(season, trench, packed, summary))) throw new Error(`trench ${trench} differs`);
      bytes += packed.bytes;
    }
    await archive.drop(season - 3);
    const took = (performance.now() - began).toFixed(0);
    const state = [`season ${season}: ${summary.count} slips, ${bytes} bytes, ${took} ms`, ...summary.heaviest()];
    await fs.promises.writeFile("archive.txt", state.join("\n") + "\n");
    await rest(300);
  }
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slips-"));
process.on("SIGTERM", () => process.exit(0));
process.on("exit", () => fs.rmSync(folder, { recursive: true, force: true }));
console.log("ready", process.pid);
work(new Archive(folder));
