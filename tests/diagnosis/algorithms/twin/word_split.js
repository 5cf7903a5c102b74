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
    const ways = new Array(text.length + 1).fill(0);
    ways[text.length] = 1;
    for (let at = text.length - 1; at >= 0; at--) {
      const limit = Math.min(this.longest, text.length - at);
      for (let n = 1; n <= limit; n++) {
        if (ways[at + n] > 0 && this.words.has(text.slice(at, at + n))) { // <- hot 76
          ways[at] += ways[at + n];
        }
      }
    }
    return ways[0];
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
