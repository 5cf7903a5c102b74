// expect: healthy bench
// Scores the rounds of school spelling bees: every 1.2 seconds a round ends and the sheets of all its schools come in at
// once; they are scored against the key, the standings are brought up to date, and the round's results go to a file.
// Between rounds the program rests.
'use strict';

const fs = require('fs');
const { once } = require('events');
const { setImmediate: breathe, setTimeout: rest } = require('timers/promises');

const ROUND_EVERY = 1200;
const SCHOOLS = 420;
const SPELLERS = 14;
const WORDS = 25;
const SLICE = 200;
const ROUNDS_PER_FILE = 400;

const SYLLABLES = ['ba', 'cre', 'di', 'fo', 'glu', 'hy', 'ja', 'kle', 'mi', 'nor', 'phi', 'quo', 'rhe', 'sy', 'tha', 'ux'];

function chance(seed) {
  let state = seed >>> 0;
  return (end) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * end);
  };
}

function makeKey(round) {
  const below = chance(round * 2654435761);
  const key = [];
  for (let at = 0; at < WORDS; at++) {
    let word = '';
    for (let left = 2 + below(3); left > 0; left--) word += SYLLABLES[below(SYLLABLES.length)];
    key.push(word);
  }
  return key;
}

function sheetsOf(round, key) {
  const below = chance(round + 17);
  const sheets = [];
  for (let school = 0; school < SCHOOLS; school++) {
    for (let speller = 0; speller < SPELLERS; speller++) {
      const answers = key.map((word) => {
        const luck = below(20);
        if (luck === 0) return '';
        if (luck > 4) return word;
        const at = 1 + below(word.length - 1);
        return word.slice(0, at) + 'e' + word.slice(at + (luck % 2));
      });
      sheets.push({ school, speller, answers });
    }
  }
  return sheets;
}

/** Points for one answer: all for the word, some if one letter is wrong, missing or too many. */
function points(answer, word) {
  if (answer === word) return 4;
  const longer = answer.length >= word.length ? answer : word;
  const shorter = longer === answer ? word : answer;
  const more = longer.length - shorter.length;
  if (more > 1) return 0;
  let at = 0;
  while (at < shorter.length && longer.charCodeAt(at) === shorter.charCodeAt(at)) at++;
  let a = at + 1;
  let b = more === 1 ? at : at + 1;
  while (b < shorter.length) {
    if (longer.charCodeAt(a++) !== shorter.charCodeAt(b++)) return 0;
  }
  return 1;
}

class Standings {
  constructor() {
    this.totals = new Float64Array(SCHOOLS);
    this.best = new Int32Array(SCHOOLS);
    this.missed = new Int32Array(WORDS);
  }

  beginRound() {
    this.best.fill(0);
    this.missed.fill(0);
  }

  count(sheet, key) {
    let sum = 0;
    for (let at = 0; at < key.length; at++) {
      const got = points(sheet.answers[at], key[at]);
      if (got === 0) this.missed[at]++;
      sum += got;
    }
    this.totals[sheet.school] += sum;
    if (sum > this.best[sheet.school]) this.best[sheet.school] = sum;
    return sum;
  }

  leaders(count) {
    return Array.from(this.totals, (total, school) => ({ school, total }))
      .sort((one, other) => other.total - one.total || one.school - other.school)
      .slice(0, count);
  }

  hardest(key) {
    let most = 0;
    for (let at = 1; at < key.length; at++) if (this.missed[at] > this.missed[most]) most = at;
    return key[most];
  }
}

class Results {
  constructor(path) {
    this.path = path;
    this.rounds = 0;
    this.open();
  }

  open() {
    this.out = fs.createWriteStream(this.path);
  }

  async write(text) {
    if (++this.rounds % ROUNDS_PER_FILE === 0) {
      this.out.end();
      await once(this.out, 'close');
      this.open();
    }
    if (!this.out.write(text)) await once(this.out, 'drain');
  }
}

async function scoreRound(round, standings, results) {
  const key = makeKey(round);
  const sheets = sheetsOf(round, key);
  const lines = [];
  standings.beginRound();
  for (let from = 0; from < sheets.length; from += SLICE) {
    for (const sheet of sheets.slice(from, from + SLICE)) {
      lines.push(`${round};${sheet.school};${sheet.speller};${standings.count(sheet, key)}`);
    }
    await breathe();
  }
  for (const { school, total } of standings.leaders(5)) lines.push(`${round};leader;${school};${total}`);
  lines.push(`${round};hardest;${standings.hardest(key)};`);
  await results.write(`${lines.join('\n')}\n`);
}

async function main() {
  const standings = new Standings();
  const results = new Results('rounds.csv');
  let due = Date.now();
  for (let round = 1; ; round++) {
    await scoreRound(round, standings, results);
    if (round === 2) console.log(`ready ${process.pid}`);
    due = Math.max(due + ROUND_EVERY, Date.now() - ROUND_EVERY);
    await rest(Math.max(0, due - Date.now()));
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
