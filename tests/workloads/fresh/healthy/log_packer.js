// expect: healthy bench
// Packs a stream of log lines with gzip into files, block by block, by the streams of the language.
const fs = require("fs");
const { Readable, Transform } = require("stream");
const { pipeline } = require("stream/promises");
const zlib = require("zlib");

const log = fs.openSync("packer.log", "w");
let lines = 0;

function* day(number) {
  for (let block = 0; block < 40; block++) {
    const rows = [];
    for (let row = 0; row < 800; row++) {
      lines++;
      rows.push(`2026-03-${number % 28} ${row % 24}:00 shop[${block}] order ${(lines * 7919) % 100003} by customer ${(lines * 31) % 977}`);
    }
    yield `${rows.join("\n")}\n`;
  }
}

class Masked extends Transform {
  constructor() {
    super({ readableHighWaterMark: 1 << 18, writableHighWaterMark: 1 << 18 });
  }

  _transform(block, _, done) {
    done(null, block.toString("latin1").replace(/customer \d+/g, "customer ***"));
  }
}

async function main() {
  console.log("ready", process.pid);
  let told = performance.now();
  for (let number = 0; ; number++) {
    await pipeline(Readable.from(day(number)), new Masked(), zlib.createGzip({ level: 5 }), fs.createWriteStream("day.log.gz"));
    if (performance.now() - told > 1000) {
      told = performance.now();
      fs.writeSync(log, `${Math.round(told)} ${lines} lines packed\n`);
    }
  }
}
main();
