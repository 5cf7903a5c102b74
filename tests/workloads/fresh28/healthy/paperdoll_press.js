// expect: healthy bench
/* Turns the submissions for a paper doll magazine into the issue's archive: streams the submissions line by line, drops
 * what was handed in twice, counts by theme, and writes a compressed file for the press, one issue after the other.
 *
 * Measured: 0.13 to 0.16 cores; 100 MB after 6 s, 105 MB after 40 s.
 */
'use strict';
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const { Transform } = require('node:stream');
const { pipeline } = require('node:stream/promises');
const { setTimeout: rest } = require('node:timers/promises');
const zlib = require('node:zlib');

const SUBMISSIONS = 12000;
const THEMES = ['regency', 'circus', 'space', 'gardening', 'opera', 'polar', 'detective', 'bakery'];
const EVERY = 700;
const INBOX = 'submissions.ndjson';

async function writeInbox() {
  const out = fs.createWriteStream(INBOX);
  for (let number = 0; number < SUBMISSIONS; number += 1) {
    const copyOf = number % 9 === 8 ? number - 5 : number;
    const pieces = [];
    for (let piece = 0; piece < 4 + (copyOf % 4); piece += 1) {
      pieces.push({ kind: piece ? 'dress' : 'doll', tabs: 3 + ((copyOf + piece) % 7), path: `M${copyOf} ${piece}l9 4-3 7z` });
    }
    const line = JSON.stringify({
      id: number, maker: `maker-${copyOf % 1931}`, theme: THEMES[(copyOf * 7) % THEMES.length], pieces,
    });
    if (!out.write(`${line}\n`)) {
      await once(out, 'drain');
    }
  }
  out.end();
  await once(out, 'finish');
}

/** Cuts the text into lines; hands on a list of lines for each piece of the file. */
class Lines extends Transform {
  constructor() {
    super({ readableObjectMode: true });
    this.rest = '';
    this.decoder = new TextDecoder();
  }

  _transform(piece, _, done) {
    const lines = (this.rest + this.decoder.decode(piece, { stream: true })).split('\n');
    this.rest = lines.pop();
    done(null, lines);
  }

  _flush(done) {
    done(null, this.rest ? [this.rest] : null);
  }
}

/** Keeps the first of equal submissions, counts the themes, and writes what the press needs. */
class Edit extends Transform {
  constructor() {
    super({ writableObjectMode: true });
    this.seen = new Set();
    this.themes = new Map();
    this.dropped = 0;
  }

  _transform(lines, _, done) {
    let out = '';
    for (const line of lines) {
      const { id, maker, theme, pieces } = JSON.parse(line);
      const cuts = pieces.map((piece) => piece.path).join(' ');
      const mark = createHash('sha1').update(maker).update(cuts).digest('latin1');
      if (this.seen.has(mark)) {
        this.dropped += 1;
      } else {
        this.seen.add(mark);
        this.themes.set(theme, (this.themes.get(theme) || 0) + 1);
        const tabs = pieces.reduce((sum, piece) => sum + piece.tabs, 0);
        out += `${id}\t${theme}\t${maker}\t${pieces.length}\t${tabs}\t${cuts}\n`;
      }
    }
    done(null, out);
  }
}

async function makeIssue(issue) {
  const edit = new Edit();
  const file = `issue-${issue % 6}.tsv.gz`;
  await pipeline(
    fs.createReadStream(INBOX, { highWaterMark: 1 << 18 }),
    new Lines(),
    edit,
    zlib.createGzip({ level: 5, chunkSize: 1 << 16 }),
    fs.createWriteStream(file),
  );
  const themes = Object.fromEntries([...edit.themes].sort((a, b) => b[1] - a[1]));
  await fs.promises.writeFile(`issue-${issue % 6}.json`, JSON.stringify({ issue, dropped: edit.dropped, themes }));
}

async function main() {
  await writeInbox();
  process.stdout.write(`ready ${process.pid}\n`);
  let due = performance.now();
  for (let issue = 1; ; issue += 1) {
    await makeIssue(issue);
    due = Math.max(due + EVERY, performance.now() - EVERY);
    await rest(Math.max(0, due - performance.now()));
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
