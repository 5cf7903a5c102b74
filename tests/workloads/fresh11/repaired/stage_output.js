// expect: healthy bench
// The output of a theatre's lighting desk: forty times a second it works out the levels of all addresses of twelve
// universes from the cues that run, the highest level winning, with the curves of the dimmers and the grand master.
// Measured: a frame takes 1 ms of a core; 8 ms in the problem.
const fs = require("fs");
const os = require("os");
const path = require("path");

const UNIVERSES = 12;
const SLOTS = 512;
const FRAME = 25; // ms
const KINDS = {
  dimmer: { width: 1, curve: "square" },
  profile: { width: 6, curve: "linear" },
  wash: { width: 10, curve: "linear" },
  beam: { width: 16, curve: "soft" },
};
const CURVES = {
  linear: (level) => level,
  square: (level) => level * level,
  soft: (level) => level * level * (3 - 2 * level),
};

function dice(seed) {
  let state = seed >>> 0;
  return (most) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 9) % most;
  };
}

/** Which lantern hangs at which addresses. */
class Patch {
  fixtures = [];
  #at = Array.from({ length: UNIVERSES }, () => new Array(SLOTS).fill(null));

  hang(kind, universe, first) {
    const { width, curve } = KINDS[kind];
    const fixture = { id: this.fixtures.length, kind, universe, first, last: first + width - 1, curve: CURVES[curve] };
    this.fixtures.push(fixture);
    this.#at[universe].fill(fixture, first, first + width);
    return fixture;
  }

  /** The lantern at an address, if there is one. */
  at(universe, slot) {
    return this.#at[universe][slot];
  }
}

/** A look: levels of some lanterns, that comes and goes in its own time. */
class Cue {
  constructor(number, next, fixtures) {
    this.number = number;
    this.rise = 400 + next(3000);
    this.hold = 500 + next(4000);
    this.fall = 600 + next(2000);
    this.levels = new Map();
    for (let at = 0; at < 70; at++) {
      const fixture = fixtures[next(fixtures.length)];
      this.levels.set(fixture.id, Array.from({ length: fixture.last - fixture.first + 1 }, () => next(1001) / 1000));
    }
  }

  share(age) {
    if (age < this.rise) return age / this.rise;
    if (age < this.rise + this.hold) return 1;
    return Math.max(0, 1 - (age - this.rise - this.hold) / this.fall);
  }

  over(age) {
    return age > this.rise + this.hold + this.fall;
  }
}

class Playback {
  #running = [];
  #shares = [];

  go(cue, now) {
    this.#running.push({ cue, began: now });
  }

  advance(now) {
    this.#running = this.#running.filter(({ cue, began }) => !cue.over(now - began));
    this.#shares = this.#running.map(({ cue, began }) => ({ cue, share: cue.share(now - began) }));
  }

  /** The highest level that a cue asks for. */
  level(fixture, channel) {
    let highest = 0;
    for (const { cue, share } of this.#shares) {
      const levels = cue.levels.get(fixture.id);
      if (levels) highest = Math.max(highest, levels[channel] * share);
    }
    return highest;
  }
}

class Output {
  frames = 0;
  spent = 0;
  master = 0.92;
  universes = Array.from({ length: UNIVERSES }, () => new Uint8Array(SLOTS));

  constructor(patch, playback) {
    this.patch = patch;
    this.playback = playback;
  }

  #slot(universe, slot) {
    const fixture = this.patch.at(universe, slot);
    if (!fixture) return 0;
    return fixture.curve(this.playback.level(fixture, slot - fixture.first)) * this.master * 255;
  }

  frame(now) {
    const began = performance.now();
    this.playback.advance(now);
    this.universes.forEach((levels, universe) => {
      for (let slot = 0; slot < SLOTS; slot++) levels[slot] = this.#slot(universe, slot);
    });
    this.frames++;
    this.spent += performance.now() - began;
  }

  brightest() {
    return this.universes.map((levels) => levels.reduce((most, level) => Math.max(most, level), 0));
  }
}

function hangAll(patch) {
  const next = dice(12);
  const kinds = Object.keys(KINDS);
  for (let universe = 0; universe < UNIVERSES; universe++) {
    for (let first = 0; ; ) {
      const kind = kinds[next(10) < 5 ? 0 : next(kinds.length)];
      const { width } = KINDS[kind];
      if (first + width > SLOTS) break;
      patch.hang(kind, universe, first);
      first += width + next(3);
    }
  }
}

const patch = new Patch();
hangAll(patch);
const next = dice(90);
const cues = Array.from({ length: 60 }, (_, number) => new Cue(number + 1, next, patch.fixtures));
const playback = new Playback();
const output = new Output(patch, playback);
let called = 0;

setInterval(() => playback.go(cues[called++ % cues.length], performance.now()), 900);
setInterval(() => output.frame(performance.now()), FRAME);
const log = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "stage-")), "output.txt");
setInterval(() => {
  const each = (output.spent / output.frames).toFixed(3);
  fs.writeFile(log, `${output.frames} frames, ${each} ms each, brightest ${output.brightest().join(" ")}\n`, () => {});
}, 2000);
console.log("ready", process.pid);
