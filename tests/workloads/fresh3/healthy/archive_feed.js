// expect: healthy bench
// Packs what sensors say into archives: a stream of rows, joined to blocks, packed with gzip by libuv's threads, written in
// large pieces. Who is too fast waits.
const fs = require("fs");
const { Readable, Transform } = require("stream");
const { pipeline } = require("stream/promises");
const zlib = require("zlib");

const SENSORS = 400;
const ROWS = 400000;
const BLOCK = 64 * 1024;
const log = fs.openSync("archive.log", "w");
const counts = { rows: 0, archives: 0, bytes: 0 };

/** The values of all sensors, each moving a little. */
function* rows(first) {
  const values = new Float64Array(SENSORS).fill(20);
  for (let n = 0; n < ROWS / SENSORS; n++) {
    const made = [];
    for (let sensor = 0; sensor < SENSORS; sensor++) {
      values[sensor] += (((n * 31 + sensor * 7919) % 21) - 10) / 50;
      made.push(`${first + n},sensor-${sensor},${values[sensor].toFixed(2)}\n`);
    }
    counts.rows += made.length;
    yield made.join("");
  }
}

/** Makes blocks of the same size out of pieces of any. */
class Blocks extends Transform {
  #parts = [];
  #size = 0;

  _transform(piece, _, done) {
    this.#parts.push(piece);
    this.#size += piece.length;
    if (this.#size >= BLOCK) this.#send();
    done();
  }

  _flush(done) {
    this.#send();
    done();
  }

  #send() {
    if (this.#size) this.push(Buffer.concat(this.#parts, this.#size));
    this.#parts = [];
    this.#size = 0;
  }
}

async function archive(number) {
  const path = `archive-${number % 3}.gz`;
  const packed = zlib.createGzip({ level: 5, chunkSize: BLOCK });
  const file = fs.createWriteStream(path, { highWaterMark: 4 * BLOCK });
  await pipeline(Readable.from(rows(number * 1000), { objectMode: true }), new Blocks(), packed, file);
  counts.archives++;
  counts.bytes += file.bytesWritten;
}

async function main() {
  setInterval(() => {
    const { rows, archives, bytes } = counts;
    fs.writeSync(log, `${Math.round(performance.now())} ${rows} rows, ${archives} archives, ${bytes >> 10} kB\n`);
  }, 1000);
  console.log("ready", process.pid);
  for (let number = 0; ; number++) await archive(number);
}

main();
