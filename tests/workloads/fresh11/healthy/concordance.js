// expect: healthy bench
// The concordance of a translation agency: a translator marks a phrase, and gets the segments of finished jobs that are
// most like it with their translations. The segments are indexed by word at the start; answers that were given lately
// are kept, as colleagues on one job ask for the same phrases.
const fs = require("fs");
const http = require("http");
const os = require("os");
const path = require("path");
const { spawn } = require("child_process");

const BESIDE = path.join(__dirname, "..", "..");
const SEGMENTS = 6000;
const BEST = 8;
const KEPT = 200;
const WORD = /[a-zäöüß]+/g;
const TAG = /<[^>]*>/g;
const STOP = new Set(["the", "of", "and", "to", "a", "in", "is", "for"]);
const VOCABULARY = (
  "the of and to a in is for pump valve housing pressure remove cover screw bracket torque filter oil drain tank level " +
  "check replace seal bearing shaft motor cable connect terminal supply switch off before service interval hours grease " +
  "clean surface coolant hose clamp loosen tighten adjust belt tension sensor display alarm reset operator manual safety"
).split(" ");

/** A small generator of pseudo-random numbers below `n`. */
function dice(seed) {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * n);
  };
}

function written(random, words) {
  return Array.from({ length: words }, () => VOCABULARY[random(VOCABULARY.length)]).join(" ");
}

function wordsOf(text) {
  const plain = text.replace(TAG, " ").toLowerCase();
  return (plain.match(WORD) ?? []).filter((word) => !STOP.has(word));
}

/** The answers that were asked for lately, at most KEPT. */
class Lately {
  #answers = new Map();

  get(question) {
    const answer = this.#answers.get(question);
    if (answer !== undefined) {
      this.#answers.delete(question);
      this.#answers.set(question, answer);
    }
    return answer;
  }

  set(question, answer) {
    this.#answers.set(question, answer);
    if (this.#answers.size > KEPT) {
      this.#answers.delete(this.#answers.keys().next().value);
    }
  }
}

class Concordance {
  #segments = [];
  #numbers = new Map(); // of words
  #postings = [];
  #weights;
  #scores;

  constructor(pairs) {
    for (const { source, target } of pairs) {
      this.#add(source, target);
    }
    this.#weights = Float32Array.from(this.#postings, (list) => Math.log(1 + pairs.length / list.length));
    this.#scores = new Float32Array(pairs.length);
    this.#postings = this.#postings.map((list) => Uint32Array.from(list));
  }

  #number(word) {
    let number = this.#numbers.get(word);
    if (number === undefined) {
      number = this.#postings.length;
      this.#numbers.set(word, number);
      this.#postings.push([]);
    }
    return number;
  }

  #add(source, target) {
    const words = wordsOf(source).map((word) => this.#number(word));
    const at = this.#segments.length;
    this.#segments.push({ source, target, words: Uint16Array.from(words) });
    for (const number of new Set(words)) {
      this.#postings[number].push(at);
    }
  }

  /** The segments that share the weightiest words, by their score. */
  #candidates(words) {
    const scores = this.#scores.fill(0);
    for (const word of new Set(words)) {
      const weight = this.#weights[word];
      for (const at of this.#postings[word]) {
        scores[at] += weight;
      }
    }
    const highest = scores.reduce((most, score) => Math.max(most, score), 0);
    const found = [];
    for (let at = 0; at < scores.length && found.length < 150; at++) {
      if (scores[at] > highest * 0.6) {
        found.push(at);
      }
    }
    return found;
  }

  /** How many words must be changed, left out or put in, of all. */
  static #likeness(one, other) {
    let row = Array.from({ length: other.length + 1 }, (_, at) => at);
    for (let i = 0; i < one.length; i++) {
      let corner = row[0];
      row[0] = i + 1;
      for (let j = 0; j < other.length; j++) {
        const above = row[j + 1];
        row[j + 1] = Math.min(above + 1, row[j] + 1, corner + (one[i] === other[j] ? 0 : 1));
        corner = above;
      }
    }
    return 1 - row[other.length] / Math.max(one.length, other.length, 1);
  }

  search(phrase) {
    const words = wordsOf(phrase).map((word) => this.#numbers.get(word)).filter((number) => number !== undefined);
    const found = this.#candidates(words).map((at) => {
      const segment = this.#segments[at];
      return { at, likeness: Concordance.#likeness(words, segment.words), segment };
    });
    found.sort((a, b) => b.likeness - a.likeness || a.at - b.at);
    return found.slice(0, BEST).map(({ likeness, segment }) => ({
      match: Math.round(likeness * 100),
      source: segment.source,
      target: segment.target,
    }));
  }
}

class Desk {
  #concordance;
  #lately = new Lately();
  counts = { asked: 0, kept: 0 };

  constructor(concordance) {
    this.#concordance = concordance;
  }

  answer(request, response) {
    const phrase = decodeURIComponent(request.url.slice(request.url.indexOf("=") + 1));
    this.counts.asked++;
    let body = this.#lately.get(phrase);
    if (body === undefined) {
      body = Buffer.from(JSON.stringify(this.#concordance.search(phrase)));
      this.#lately.set(phrase, body);
    } else {
      this.counts.kept++;
    }
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": body.length });
    response.end(body);
  }
}

function finishedJobs() {
  const random = dice(77);
  return Array.from({ length: SEGMENTS }, (_, number) => {
    const source = written(random, 6 + random(14));
    const target = source.split(" ").map((word) => [...word].reverse().join("")).join(" ");
    return { source: number % 5 ? source : `<b>${source}</b>`, target };
  });
}

const desk = new Desk(new Concordance(finishedJobs()));
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "concordance-"));
const server = http.createServer((request, response) => desk.answer(request, response));
server.listen(0, "127.0.0.1", () => {
  const random = dice(5);
  const phrases = Array.from({ length: 700 }, () => `/find?phrase=${encodeURIComponent(written(random, 4 + random(7)))}`);
  const translators = [path.join(BESIDE, "clients.py"), "http", String(server.address().port), phrases.join(","), "150", "8"];
  spawn("python3", translators, { stdio: "ignore" }).on("exit", () => console.log("ready", process.pid));
});
setInterval(() => {
  fs.writeFile(path.join(folder, "counts.txt"), `${desk.counts.asked} asked, ${desk.counts.kept} kept\n`, () => {});
}, 2000);
