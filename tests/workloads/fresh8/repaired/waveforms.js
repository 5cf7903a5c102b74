// expect: healthy bench
// Draws the waveforms of a music archive's recordings: a reel is a file of blocks, one for each take, and for each take
// the peaks and the loudness are worked out, so that the players' web page can show them.
// Measured: a take of 45 seconds needs 13.5 ms; in the problem 41 ms.
const fs = require("fs");
const os = require("os");
const path = require("path");

const RATE = 48000;
const POINTS = 800;
const HEAD = 16; // "TAKE", number, rate, bytes of sound
const INSTRUMENTS = ["violin", "viola", "cello", "oboe", "horn", "harp"];

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "reels-"));
process.on("exit", () => fs.rmSync(folder, { recursive: true, force: true }));
process.on("SIGTERM", () => process.exit(0));

/** Stands in for the transfer machine: a reel with some takes of decaying tones. */
function recordReel(name, takes, seconds) {
  const file = fs.openSync(name, "w");
  for (let take = 0; take < takes; take++) {
    const samples = new Int16Array(Math.floor(RATE * seconds * (1 + (take % 3) / 4)));
    const step = (2 * Math.PI * 110 * 2 ** (take / 12)) / RATE;
    for (let at = 0; at < samples.length; at++) {
      samples[at] = 26000 * Math.sin(step * at) * Math.exp(-(at % RATE) / 20000);
    }
    const head = Buffer.alloc(HEAD);
    head.write("TAKE");
    head.writeUInt32LE(take + 1, 4);
    head.writeUInt32LE(RATE, 8);
    head.writeUInt32LE(samples.byteLength, 12);
    fs.writeSync(file, head);
    fs.writeSync(file, Buffer.from(samples.buffer));
  }
  fs.closeSync(file);
}

/** Cuts what is read of a reel into its takes. */
class Takes {
  #head = Buffer.alloc(HEAD);
  #headed = 0;
  #sound = null;
  #filled = 0;

  #begin() {
    if (this.#head.toString("latin1", 0, 4) !== "TAKE") throw new Error("this is no reel");
    this.#sound = Buffer.allocUnsafe(this.#head.readUInt32LE(12));
    this.#filled = 0;
  }

  /** The takes that are complete with this piece. */
  *push(piece) {
    for (let at = 0; at < piece.length; ) {
      if (!this.#sound) {
        const copied = piece.copy(this.#head, this.#headed, at);
        at += copied;
        this.#headed += copied;
        if (this.#headed < HEAD) return;
        this.#begin();
      }
      const copied = piece.copy(this.#sound, this.#filled, at);
      at += copied;
      this.#filled += copied;
      if (this.#filled < this.#sound.length) return;
      yield { number: this.#head.readUInt32LE(4), rate: this.#head.readUInt32LE(8), sound: this.#sound };
      this.#sound = null;
      this.#headed = 0;
    }
  }

  end() {
    if (this.#headed) throw new Error(`${this.#headed + this.#filled} bytes are left over`);
  }
}

function peaks(sound) {
  const samples = new Int16Array(sound.buffer, sound.byteOffset, sound.length >> 1);
  const width = Math.ceil(samples.length / POINTS);
  const low = new Int16Array(POINTS);
  const high = new Int16Array(POINTS);
  for (let point = 0, at = 0; point < POINTS; point++) {
    let least = 0;
    let most = 0;
    for (const end = Math.min(at + width, samples.length); at < end; at++) {
      const sample = samples[at];
      if (sample < least) least = sample;
      else if (sample > most) most = sample;
    }
    low[point] = least;
    high[point] = most;
  }
  return { low, high };
}

function loudness({ low, high }) {
  let sum = 0;
  for (let point = 0; point < POINTS; point++) sum += ((high[point] - low[point]) / 65536) ** 2;
  return 10 * Math.log10(sum / POINTS + 1e-9);
}

function picture({ low, high }) {
  const points = [];
  for (let at = 0; at < POINTS; at += 4) points.push(`${at},${high[at] >> 9} ${at},${low[at] >> 9}`);
  return `<svg viewBox="0 -64 ${POINTS} 128"><polyline points="${points.join(" ")}"/></svg>`;
}

class Archive {
  reels = 0;
  takes = 0;
  spent = 0;
  pictures = new Map();

  async draw(reel) {
    const began = performance.now();
    const takes = new Takes();
    for await (const piece of fs.createReadStream(reel)) {
      for (const take of takes.push(piece)) this.#keep(take);
    }
    takes.end();
    this.reels++;
    this.spent += performance.now() - began;
  }

  #keep({ number, rate, sound }) {
    const shape = peaks(sound);
    const seconds = sound.length / 2 / rate;
    const instrument = INSTRUMENTS[number % INSTRUMENTS.length];
    const title = `${instrument}, take ${number}: ${seconds.toFixed(1)} s, ${loudness(shape).toFixed(1)} dB`;
    this.pictures.set(number, { title, picture: picture(shape) });
    this.takes++;
  }

  report() {
    const lines = [...this.pictures.values()].map((one) => one.title);
    const state = `${this.takes} takes of ${this.reels} reels, ${(this.spent / this.takes).toFixed(1)} ms each`;
    fs.writeFileSync("waveforms.txt", [state, ...lines].join("\n"));
  }
}

async function main() {
  const reels = [];
  for (let number = 0; number < 4; number++) {
    reels.push(path.join(folder, `reel-${number}.take`));
    recordReel(reels[number], 2, 40 + 3 * number);
  }
  console.log("ready", process.pid);
  const archive = new Archive();
  setInterval(() => archive.report(), 2000);
  for (let turn = 0; ; turn++) {
    await archive.draw(reels[turn % reels.length]);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

main();
