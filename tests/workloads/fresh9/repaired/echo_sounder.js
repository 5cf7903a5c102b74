// expect: healthy bench
// Reads the echo sounders of a trawler: each ping brings echoes from several depths, out of which come the sea bed and
// the shoals above it, for the skipper's display and for the net's winch.
// Measured: 180 pings a second, memory stays at 52 MB; in the problem 1 MB is added each second.
const fs = require("fs");

const SOUNDERS = ["bow", "stern", "net", "starboard"];
const PING = 20; // milliseconds
const ECHOES = 56;
const SPEED = 1500; // of sound, metres a second

/** A source of chance that can be had again. */
class Dice {
  #state;

  constructor(seed) {
    this.#state = seed;
  }

  next() {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return this.#state / 4294967296;
  }
}

/** One sounder, that answers each time it has been listened to for long enough. */
class Sounder {
  #dice;
  #bed = 120;
  #number = 0;
  #timer = null;
  #done = null;

  constructor(name, seed) {
    this.name = name;
    this.#dice = new Dice(seed);
  }

  #echoes() {
    this.#bed = Math.min(260, Math.max(40, this.#bed + (this.#dice.next() - 0.5) * 2));
    const shoal = this.#bed * (0.3 + 0.5 * this.#dice.next());
    const echoes = [];
    for (let at = 0; at < ECHOES; at++) {
      const depth = ((at + this.#dice.next()) * this.#bed) / (ECHOES - 4);
      const near = Math.exp(-((depth - shoal) ** 2) / 20);
      const strength = depth >= this.#bed ? 0.8 + 0.2 * this.#dice.next() : 0.1 * this.#dice.next() + 0.6 * near;
      echoes.push({ delay: (2 * depth) / SPEED, strength });
    }
    return echoes;
  }

  read() {
    return new Promise((done) => {
      this.#done = done;
      const ping = () => done({ number: this.#number++, at: Date.now(), echoes: this.#echoes() });
      this.#timer = setTimeout(ping, PING);
    });
  }

  /** Who listens now gets nothing any more. */
  close() {
    clearTimeout(this.#timer);
    this.#done?.(null);
  }
}

/** What one sounder sees: the bed, smoothed, and shoals. */
class Column {
  bed = 0;
  pings = 0;
  shoals = [];

  take(ping) {
    let bed = 0;
    let densest = null;
    for (const { delay, strength } of ping.echoes) {
      const depth = (delay * SPEED) / 2;
      if (strength > 0.78) {
        bed = depth;
        break;
      }
      if (strength > 0.35 && (!densest || strength > densest.strength)) densest = { depth, strength };
    }
    if (bed) this.bed = this.bed ? 0.9 * this.bed + 0.1 * bed : bed;
    if (densest) this.shoals.push({ at: ping.at, depth: densest.depth, strength: densest.strength });
    if (this.shoals.length > 50) this.shoals.shift();
    this.pings++;
  }

  get fish() {
    return this.shoals.reduce((sum, shoal) => sum + shoal.strength, 0) / Math.max(1, this.shoals.length);
  }
}

class Bridge {
  columns = new Map();

  constructor(sounders) {
    this.sounders = sounders;
    const end = () => sounders.forEach((sounder) => sounder.close());
    process.once("SIGTERM", end);
    process.once("SIGINT", end);
    for (const { name } of sounders) this.columns.set(name, new Column());
  }

  /** Listen to one until the ship's computer is switched off. */
  async #listen(sounder) {
    const column = this.columns.get(sounder.name);
    for (;;) {
      const ping = await sounder.read();
      if (!ping) return;
      column.take(ping);
    }
  }

  async run() {
    const display = setInterval(() => this.#show(), 1000);
    await Promise.all(this.sounders.map((sounder) => this.#listen(sounder)));
    clearInterval(display);
  }

  /** How far the net may go down: a little above the lowest bed that is near. */
  get winch() {
    const beds = [...this.columns.values()].map((column) => column.bed).filter((bed) => bed);
    return beds.length ? Math.max(0, Math.min(...beds) - 6) : 0;
  }

  #show() {
    const lines = [`winch ${this.winch.toFixed(1)} m`];
    for (const [name, { bed, fish, pings }] of this.columns) {
      lines.push(`${name.padEnd(10)} bed ${bed.toFixed(1)} m, fish ${fish.toFixed(2)}, ${pings} pings`);
    }
    fs.writeFile("display.txt", lines.join("\n"), (failed) => {
      if (failed) console.error(failed.message);
    });
  }
}

const bridge = new Bridge(SOUNDERS.map((name, number) => new Sounder(name, 77 + number)));
console.log("ready", process.pid);
bridge.run();
