// expect: healthy bench
// The back end of a text editor: applies the edits of a writer, looks for mistakes after each, and tells where they are.
// Measured in the twin: 112 checks for each second of a core, 1,360 here.
"use strict";
const fs = require("fs");

const LINES = 600;
const RULES = [
  { name: "double word", pattern: /\b(\w{3,}) \1\b/g, level: 2 },
  { name: "space before comma", pattern: / ,/g, level: 1 },
  { name: "to do", pattern: /\bTODO\b/g, level: 3 },
  { name: "trailing space", pattern: / +$/gm, level: 1 },
];
const WORDS = "river stone letter garden morning window captain silver engine forest market bridge".split(" ");
const log = fs.createWriteStream("marks.log");

class Random {
  constructor(seed) {
    this.state = seed;
  }
  below(limit) {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 4294967296) * limit);
  }
}

/** A text that a writer works at. */
class Document {
  constructor(random) {
    this.random = random;
    this.lines = Array.from({ length: LINES }, () => this.sentence());
    this.version = 0;
  }

  sentence() {
    let at = this.random.below(WORDS.length);
    const words = Array.from({ length: 9 }, () => WORDS[(at += 1 + this.random.below(WORDS.length - 1)) % WORDS.length]);
    const luck = this.random.below(40);
    if (luck === 0) words.splice(3, 0, "TODO");
    if (luck === 3) words[6] = words[5];
    if (luck === 1) words[4] += " ,";
    return words.join(" ") + (luck === 2 ? "  " : "");
  }

  edit() {
    this.lines[this.random.below(this.lines.length)] = this.sentence();
    this.version++;
  }

  get text() {
    return this.lines.join("\n");
  }
}

/** Where the lines of a text begin. */
function lineStarts(text) {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** Line and column of an offset, both from 0. */
function locate(starts, offset) {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= offset) low = middle;
    else high = middle;
  }
  return { line: low, character: offset - starts[low] };
}

function check(text) {
  const found = [];
  const starts = lineStarts(text);
  for (const { name, pattern, level } of RULES) {
    for (const match of text.matchAll(pattern)) {
      const end = match.index + match[0].length;
      const range = { start: locate(starts, match.index), end: locate(starts, end) };
      found.push({ name, level, range });
    }
  }
  return found.sort((a, b) => a.range.start.line - b.range.start.line || b.level - a.level);
}

/** What changed since the last time is told to the front end. */
class Publisher {
  constructor() {
    this.shown = new Set();
    this.told = 0;
  }

  publish(version, marks) {
    const now = new Set(marks.map(({ name, range }) => `${name}@${range.start.line}:${range.start.character}`));
    const added = [...now].filter((mark) => !this.shown.has(mark));
    const gone = [...this.shown].filter((mark) => !now.has(mark));
    this.shown = now;
    this.told += added.length + gone.length;
    return JSON.stringify({ version, added, gone });
  }
}

const text = new Document(new Random(4));
const publisher = new Publisher();
let bytes = 0;
let spent = 0;

function step() {
  const began = performance.now();
  for (let key = 0; key < 3; key++) text.edit();
  const marks = check(text.text);
  bytes += publisher.publish(text.version, marks).length;
  spent += performance.now() - began;
  setTimeout(step, 8);
}

console.log("ready", process.pid);
const began = performance.now();
step();
setInterval(() => {
  const checks = text.version / 3;
  const rate = (checks / (performance.now() - began)) * 1000;
  log.write(`${rate.toFixed(1)} checks a second, ${(spent / checks).toFixed(2)} ms each, ${publisher.told} told, ${bytes}\n`);
}, 1000);
