// expect: pattern=gc-pressure bench
// The wall screen of a newsroom: counts how often each story is read, and shows at 25 frames a second which stories
// rise, against where they stood eight frames ago.
// Measured: 20 ms of CPU time a frame, of which four fifths collect garbage; 1.2 ms in the twin.
'use strict';

const fs = require('fs');

const STORIES = 40000;
const HISTORY = 8;
const TICK = 40;
const LEAST = 10;
const SECTIONS = ['politics', 'local', 'sport', 'culture', 'business', 'science', 'travel'];

/** Readers that come to the stories: a few stories get most of them, and which ones changes. */
class Readership {
  constructor(seed) {
    this.state = seed;
    this.shift = 0;
  }

  next() {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return this.state / 4294967296;
  }

  /** Stories that were opened since the last time. */
  arrive(count, open) {
    this.shift += 3;
    for (let i = 0; i < count; i++) {
      const drawn = this.next();
      open((Math.floor(drawn * drawn * drawn * STORIES) + this.shift) % STORIES);
    }
  }
}

/** How often each story was opened, older readings counting less and less. */
class Counters {
  constructor() {
    this.views = new Float64Array(STORIES);
    this.total = new Uint32Array(STORIES);
  }

  open(story) {
    this.views[story] += 1;
    this.total[story] += 1;
  }

  fade() {
    for (let story = 0; story < STORIES; story++) this.views[story] *= 0.995;
  }
}

/** Where each story stood at each of the last ticks; stories that hardly anybody reads stand nowhere. */
class TrendBoard {
  constructor(counters) {
    this.counters = counters;
    this.history = [];
  }

  standing(story, at) {
    const views = this.counters.views[story];
    const total = this.counters.total[story];
    return { // <- cost
      story, // <- cost
      at, // <- cost
      section: SECTIONS[story % SECTIONS.length], // <- cost
      reading: { views, total, share: views / (1 + total) }, // <- cost
      score: views + 0.5 * Math.sqrt(total), // <- cost
    }; // <- cost
  }

  snapshot(at) {
    const standings = new Array(STORIES).fill(null); // <- cost
    for (let story = 0; story < STORIES; story++) { // <- cost
      const standing = this.standing(story, at); // <- cost
      if (standing.reading.views >= LEAST) standings[story] = standing; // <- cost
    }
    return standings;
  }

  /** Take the standings of now, and say which stories rose most since the oldest that we have. */
  tick(at) {
    const now = this.snapshot(at); // <- cost
    this.history.push(now);
    if (this.history.length > HISTORY) this.history.shift();
    const before = this.history[0];
    const best = [];
    for (let story = 0; story < STORIES; story++) {
      if (now[story] === null) continue;
      const rise = now[story].score - (before[story]?.score ?? 0);
      if (best.length === 10 && rise <= best[9].rise) continue;
      best.push({ story, rise, section: now[story].section });
      best.sort((a, b) => b.rise - a.rise);
      if (best.length > 10) best.pop();
    }
    return best;
  }
}

/** Writes what the front page shows of it, when it has changed. */
class Box {
  constructor(path) {
    this.path = path;
    this.shown = '';
  }

  show(best) {
    const lines = best.map(({ story, section }, at) => `${at + 1}. ${section}/${story}`);
    const text = lines.join('\n');
    if (text === this.shown) return;
    this.shown = text;
    fs.writeFile(this.path, text, () => {});
  }
}

function main() {
  const readers = new Readership(20260301);
  const counters = new Counters();
  const board = new TrendBoard(counters);
  const box = new Box('trending.txt');
  const log = fs.createWriteStream('trending.log');
  let ticks = 0;
  let spent = 0;

  const round = () => {
    const began = performance.now();
    readers.arrive(4000, (story) => counters.open(story));
    counters.fade();
    const best = board.tick(Date.now()); // <- cost
    spent += performance.now() - began;
    ticks += 1;
    if (ticks % 10 === 0) box.show(best);
    if (ticks % 50 === 0) {
      const cpu = process.cpuUsage();
      log.write(`${ticks} ticks, ${(spent / 50).toFixed(2)} ms each, ${(cpu.user + cpu.system) / 1e6} s CPU\n`);
      spent = 0;
    }
  };

  for (let i = 0; i < 800; i++) {
    readers.arrive(4000, (story) => counters.open(story)); // those of the last half minute
    counters.fade();
  }
  for (let i = 0; i < HISTORY; i++) round();
  setInterval(round, TICK);
  console.log('ready', process.pid);
}

main();
