import { readFileSync } from 'node:fs';

export class HashtagSplitter {
  constructor(words) {
    this.words = new Set(words);
    this.longest = Math.max(...Array.from(this.words, (w) => w.length));
  }

  static fromFile(path) {
    return new HashtagSplitter(readFileSync(path, 'utf8').split('\n').filter(Boolean));
  }

  count(text) {
    if (text.length === 0) return 1;
    let ways = 0;
    const limit = Math.min(this.longest, text.length);
    for (let n = 1; n <= limit; n++) {
      if (this.words.has(text.slice(0, n))) { // <- hot 55
        ways += this.count(text.slice(n)); // <- cost hot 38
      }
    }
    return ways;
  }

  ambiguous(tags, threshold = 4) {
    const out = [];
    for (const tag of tags) {
      const text = tag.replace(/^#/, '').toLowerCase();
      const ways = this.count(text);
      if (ways >= threshold) out.push({ tag, ways });
    }
    return out.sort((a, b) => b.ways - a.ways);
  }
}

export function main(argv) {
  const [dictionary, tagFile] = argv;
  const splitter = HashtagSplitter.fromFile(dictionary);
  const tags = readFileSync(tagFile, 'utf8').split(/\s+/).filter((t) => t.startsWith('#'));
  for (const { tag, ways } of splitter.ambiguous(tags)) {
    process.stdout.write(`${tag}\t${ways}\n`);
  }
}
