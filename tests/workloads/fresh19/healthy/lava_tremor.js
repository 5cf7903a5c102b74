// bench: healthy
// Records the tremor of a volcano: a digitiser sends samples over TCP without pause (4 MB/s), which are watched for
// bursts (short against long average) and, compressed as they come, written to segment files with back pressure.
// Measured: 10 to 15 % of a core; memory stays below 95 MiB.
'use strict';
const fs = require('fs');
const net = require('net');
const path = require('path');
const zlib = require('zlib');
const { execFile } = require('child_process');
const { PassThrough, Transform } = require('stream');
const { pipeline } = require('stream/promises');

const SEGMENT_BYTES = 12 * 1024 * 1024;
const SEGMENTS_KEPT = 4;
const WINDOW = 128;

const DIGITISER = `
import array, os, random, socket, sys, time
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside
def digitiser():
    chance = random.Random(3)
    blocks = []
    for loud in (1, 1, 1, 6, 1, 2):
        level, samples = 0.0, array.array("h")
        for _ in range(65536):
            level = level * 0.96 + chance.gauss(0, 60) * loud
            samples.append(max(-32000, min(32000, int(level))))
        blocks.append(samples.tobytes())
    link = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    due, number = time.monotonic(), 0
    while True:
        link.sendall(blocks[number % len(blocks)])
        number += 1
        due = max(due + 1 / 32, time.monotonic() - 1)
        time.sleep(max(0, due - time.monotonic()))
outside(digitiser)
`;

/** Passes samples on, and notes where the short average rises over the long one. */
class Watch extends Transform {
  constructor() {
    super({ readableHighWaterMark: 1 << 20, writableHighWaterMark: 1 << 20 });
    this.odd = null;
    this.sum = 0;
    this.inWindow = 0;
    this.longAverage = 0;
    this.loud = false;
    this.onsets = new Float64Array(256);
    this.onsetCount = 0;
    this.windows = 0;
  }

  _transform(chunk, encoding, done) {
    let samples = chunk;
    if (this.odd !== null) {
      samples = Buffer.concat([this.odd, chunk]);
      this.odd = null;
    }
    const even = samples.length & ~1;
    if (even !== samples.length) {
      this.odd = samples.subarray(even);
    }
    if (samples.byteOffset % 2 !== 0) {
      samples = Buffer.from(samples);
    }
    this.measure(new Int16Array(samples.buffer, samples.byteOffset, even >> 1));
    done(null, chunk);
  }

  measure(values) {
    let { sum, inWindow } = this;
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      sum += value < 0 ? -value : value;
      if (++inWindow === WINDOW) {
        this.close(sum / WINDOW);
        sum = 0;
        inWindow = 0;
      }
    }
    this.sum = sum;
    this.inWindow = inWindow;
  }

  close(shortAverage) {
    this.windows++;
    this.longAverage += (shortAverage - this.longAverage) / 600;
    const ratio = this.longAverage > 0 ? shortAverage / this.longAverage : 0;
    if (!this.loud && ratio > 3) {
      this.loud = true;
      this.onsets[this.onsetCount++ % this.onsets.length] = this.windows;
    } else if (this.loud && ratio < 1.5) {
      this.loud = false;
    }
  }
}

/** Cuts what comes into segments of a size, each a gzip stream of its own. */
async function* segments(source) {
  let segment = null;
  let bytes = 0;
  for await (const chunk of source) {
    if (segment === null) {
      segment = new PassThrough({ highWaterMark: 1 << 20 });
      bytes = 0;
      yield segment;
    }
    bytes += chunk.length;
    if (!segment.write(chunk)) {
      await new Promise((resume) => segment.once('drain', resume));
    }
    if (bytes >= SEGMENT_BYTES) {
      segment.end();
      segment = null;
    }
  }
  if (segment !== null) {
    segment.end();
  }
}

async function record(socket) {
  const watch = new Watch();
  const names = [];
  socket.on('error', () => watch.end());
  socket.pipe(watch);
  let number = 0;
  for await (const segment of segments(watch)) {
    const name = path.resolve(`tremor_${String(number++).padStart(6, '0')}.gz`);
    names.push(name);
    pipeline(
      segment,
      zlib.createGzip({ level: 1, chunkSize: 256 * 1024 }),
      fs.createWriteStream(name, { highWaterMark: 1 << 20 }),
    ).catch((error) => {
      console.error(error);
      process.exit(1);
    });
    if (names.length > SEGMENTS_KEPT) {
      await fs.promises.rm(names.shift(), { force: true });
    }
  }
}

const server = net.createServer({ highWaterMark: 1 << 18 }, (socket) => {
  record(socket).catch((error) => {
    console.error(error);
    process.exit(1);
  });
  setTimeout(() => process.stdout.write('ready\n'), 6000);
});

server.listen(0, '127.0.0.1', () => {
  execFile(process.env.PYTHON, ['-c', DIGITISER, String(server.address().port)], (error) => {
    if (error) {
      console.error(error);
      process.exit(1);
    }
  });
});
