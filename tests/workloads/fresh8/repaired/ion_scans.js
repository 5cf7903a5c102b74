// expect: healthy bench
// Takes the scans of a mass spectrometer: the instrument sends them over TCP as frames of intensities, peaks are looked
// for in each, and the strongest are kept for the chemist's screen.
// Measured: a scan of 6 MB takes 12 ms of the main thread, 6 of them to find its peaks; in the problem 100 ms.
const fs = require("fs");
const net = require("net");

const HEADER = 16; // magic, scan, points, first mass in thousandths
const MAGIC = 0x5343414e;
const POINTS = 1_500_000;
const STEP = 0.0012; // of a mass unit, between two points
const PAUSE = 400; // ms between two scans

/** Cuts the stream of an instrument into frames. */
class FrameReader {
  #header = Buffer.alloc(HEADER);
  #frame = this.#header;
  #filled = 0;
  #room = Buffer.alloc(0);
  #onFrame;

  constructor(onFrame) {
    this.#onFrame = onFrame;
  }

  push(chunk) {
    for (let from = 0; from < chunk.length; ) {
      const taken = chunk.copy(this.#frame, this.#filled, from);
      from += taken;
      this.#filled += taken;
      if (this.#filled === this.#frame.length) this.#next();
    }
  }

  /** After a header comes the frame that it begins, after a frame the next header. A frame's memory is used again. */
  #next() {
    if (this.#frame !== this.#header) {
      this.#onFrame(this.#frame);
      this.#frame = this.#header;
      this.#filled = 0;
      return;
    }
    if (this.#header.readUInt32LE(0) !== MAGIC) throw new Error("out of step with the instrument");
    const size = HEADER + this.#header.readUInt32LE(8) * 4;
    if (this.#room.length < size) this.#room = Buffer.alloc(size);
    this.#frame = this.#room.subarray(0, size);
    this.#header.copy(this.#frame);
  }
}

/** Reads a frame's header and lays an array over its intensities. */
function decode(frame) {
  const points = frame.readUInt32LE(8);
  let from = frame.byteOffset + HEADER;
  let memory = frame.buffer;
  if (from % 4) {
    memory = memory.slice(from, from + points * 4);
    from = 0;
  }
  const intensities = new Float32Array(memory, from, points);
  return { scan: frame.readUInt32LE(4), first: frame.readUInt32LE(12) / 1000, intensities };
}

/** The local maxima that stand out of the noise, with their centres. */
function findPeaks({ first, intensities }) {
  let sum = 0;
  for (let at = 0; at < intensities.length; at += 16) sum += intensities[at];
  const noise = (16 * sum) / intensities.length;
  const peaks = [];
  for (let at = 2; at < intensities.length - 2; at++) {
    const height = intensities[at];
    if (height < 8 * noise || height < intensities[at - 1] || height <= intensities[at + 1]) continue;
    let weight = 0;
    let moment = 0;
    for (let near = at - 2; near <= at + 2; near++) {
      weight += intensities[near];
      moment += intensities[near] * near;
    }
    peaks.push({ mass: first + (moment / weight) * STEP, height });
  }
  return peaks.sort((a, b) => b.height - a.height).slice(0, 50);
}

/** The last scans' strongest peaks. */
class Screen {
  #scans = [];
  received = 0;

  show(scan, peaks) {
    this.received++;
    this.#scans.push({ scan, peaks });
    if (this.#scans.length > 20) this.#scans.shift();
  }

  /** Masses that occur in most of the scans, to a hundredth. */
  common() {
    const counts = new Map();
    for (const { peaks } of this.#scans) {
      for (const { mass } of peaks) {
        const key = mass.toFixed(2);
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
    const often = [...counts].filter(([, count]) => count > this.#scans.length / 2);
    return often.sort((a, b) => b[1] - a[1]).map(([mass, count]) => `${mass} ${count}`);
  }
}

/** What stands in for the instrument: a scan of the same sample, with other noise each time. */
class Instrument {
  #frame = Buffer.alloc(HEADER + POINTS * 4);
  #scan = 0;
  #dice = 99;

  constructor() {
    this.#frame.writeUInt32LE(MAGIC, 0);
    this.#frame.writeUInt32LE(POINTS, 8);
    this.#frame.writeUInt32LE(150_000, 12);
    for (let at = 0; at < POINTS; at++) this.#set(at, 1 + this.#next(100) / 100);
    for (let peak = 0; peak < 70; peak++) {
      const centre = 20 + this.#next(POINTS - 40);
      for (let off = -6; off <= 6; off++) this.#set(centre + off, 900 * (1 + (peak % 9)) * Math.exp((-off * off) / 6));
    }
  }

  #next(most) {
    this.#dice = (Math.imul(this.#dice, 1103515245) + 12345) >>> 0;
    return (this.#dice >>> 8) % most;
  }

  #set(at, intensity) {
    this.#frame.writeFloatLE(intensity, HEADER + at * 4);
  }

  next() {
    this.#frame.writeUInt32LE(++this.#scan, 4);
    for (let spot = 0; spot < 200; spot++) this.#set(this.#next(POINTS), 1 + this.#next(900) / 100);
    return this.#frame;
  }
}

const screen = new Screen();
const service = net.createServer((socket) => {
  const reader = new FrameReader((frame) => {
    const scan = decode(frame);
    screen.show(scan.scan, findPeaks(scan));
  });
  socket.on("data", (chunk) => reader.push(chunk));
  socket.on("error", () => socket.destroy());
});
service.listen(0, "127.0.0.1", () => {
  const instrument = new Instrument();
  const line = net.connect(service.address().port, "127.0.0.1");
  const send = () => line.write(instrument.next(), () => setTimeout(send, PAUSE));
  line.on("connect", send);
  setInterval(() => fs.writeFileSync("screen.txt", [`${screen.received} scans`, ...screen.common()].join("\n")), 2000);
  console.log("ready", process.pid);
});
