// expect: healthy bench
// Makes the lessons of a language school: picks words, finds the best recording of each, and writes a play list.
// Measured in the twin: 430 lessons for each second of a core, 8,760 here.
"use strict";
const fs = require("fs");
const path = require("path");
const { setTimeout: pause } = require("timers/promises");

const SPEAKERS = ["anna", "bruno", "chiara", "dario", "elisa", "franco", "giulia"]; // the best first
const FORMATS = [".opus", ".m4a", ".mp3"];
const WORDS = 400;
const LESSON = 60;

function settings() {
  return { root: path.resolve("voices"), output: path.resolve("lessons"), level: { least: 1, most: 6 } };
}

/** What the school has recorded: most words once or twice, by speakers far down the list. */
function record(root) {
  for (const [rank, speaker] of SPEAKERS.entries()) {
    fs.mkdirSync(path.join(root, speaker), { recursive: true });
    for (let word = 0; word < WORDS; word++) {
      if ((word * 7 + rank * rank) % 11 >= 1 + (rank > 4)) continue;
      const file = path.join(root, speaker, `word-${word}${FORMATS[(word + rank) % 3]}`);
      fs.writeFileSync(file, Buffer.alloc(64 + (word % 40), rank));
    }
  }
}

class Recordings {
  constructor(root) {
    this.root = root;
    this.asked = 0;
    this.best = new Map();
  }

  /** Look what there is: at the beginning, and when somebody has recorded something. */
  scan() {
    this.best.clear();
    for (const speaker of SPEAKERS) {
      const files = fs.readdirSync(path.join(this.root, speaker));
      files.sort((a, b) => FORMATS.indexOf(path.extname(a)) - FORMATS.indexOf(path.extname(b)));
      for (const name of files) {
        const word = path.parse(name).name;
        if (!this.best.has(word)) this.best.set(word, { speaker, file: path.join(this.root, speaker, name) });
      }
    }
  }

  watch() {
    for (const speaker of SPEAKERS) fs.watch(path.join(this.root, speaker), () => this.scan());
    this.scan();
  }

  /** The best recording of a word. */
  find(word) {
    this.asked++;
    return this.best.get(word) ?? null;
  }
}

/** How well a learner knows each word; words that he knows badly come again. */
class Learner {
  constructor(number) {
    this.state = number * 2654435761;
    this.known = new Uint8Array(WORDS);
  }

  pick() {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return (this.state >>> 8) % WORDS;
  }

  lesson() {
    const words = new Set();
    for (let tries = 0; words.size < LESSON && tries < 4 * LESSON; tries++) {
      const word = this.pick();
      if (this.known[word] < 5 || tries % 5 === 0) words.add(word);
      this.known[word] = (this.known[word] + 1) % 7;
    }
    return [...words];
  }
}

class PlayList {
  constructor(learner, words) {
    this.learner = learner;
    this.words = words;
    this.lines = [];
    this.silent = 0;
  }

  fill(recordings) {
    for (const word of this.words) {
      const found = recordings.find(`word-${word}`);
      if (!found) {
        this.silent++;
        continue;
      }
      this.lines.push(`#EXTINF:${2 + (word % 3)},word ${word}, said by ${found.speaker}`, found.file);
    }
    return this;
  }

  get text() {
    return `# for learner ${this.learner}\n${this.lines.join("\n")}\n`;
  }
}

async function main() {
  const { root, output } = settings();
  record(root);
  fs.mkdirSync(output, { recursive: true });
  const log = fs.createWriteStream("school.log");
  const recordings = new Recordings(root);
  recordings.watch();
  const learners = Array.from({ length: 25 }, (_, number) => new Learner(number + 1));
  let lessons = 0;
  let silent = 0;
  const began = performance.now();
  setInterval(() => {
    const rate = (lessons / (performance.now() - began)) * 1000;
    log.write(`${rate.toFixed(1)} lessons a second, ${recordings.asked} words, ${silent} without a recording\n`);
  }, 1000);
  console.log("ready", process.pid);
  for (let day = 0; ; day++) {
    const lists = ["#EXTM3U\n"];
    for (const [number, learner] of learners.entries()) {
      const list = new PlayList(number, learner.lesson()).fill(recordings);
      lists.push(list.text);
      silent += list.silent;
      lessons++;
    }
    await fs.promises.writeFile(path.join(output, `day-${day % 7}.m3u`), lists.join(""));
    await pause(15);
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
