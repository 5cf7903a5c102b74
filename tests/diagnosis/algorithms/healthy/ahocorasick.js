import { createReadStream } from "node:fs";

export class Matcher {
  constructor(words) {
    this.next = [new Map()];
    this.fail = [0];
    this.hits = [[]];
    words.forEach((w) => this.insert(w.toLowerCase()));
    this.link();
  }

  insert(word) {
    let state = 0;
    for (const ch of word) {
      if (!this.next[state].has(ch)) {
        this.next[state].set(ch, this.next.length);
        this.next.push(new Map());
        this.fail.push(0);
        this.hits.push([]);
      }
      state = this.next[state].get(ch);
    }
    this.hits[state].push(word);
  }

  link() {
    const queue = [...this.next[0].values()];
    for (let head = 0; head < queue.length; head++) {
      const state = queue[head];
      for (const [ch, target] of this.next[state]) {
        queue.push(target);
        this.fail[target] = this.step(this.fail[state], ch);
        this.hits[target] = this.hits[target].concat(this.hits[this.fail[target]]);
      }
    }
  }

  step(state, ch) {
    while (state && !this.next[state].has(ch)) state = this.fail[state]; // <- hot 27
    return this.next[state].get(ch) ?? 0; // <- hot 32
  }

  *scan(text, state = 0) {
    for (const ch of text) { // <- hot 20
      state = this.step(state, ch);
      for (const word of this.hits[state]) yield word; // <- hot 11
    }
  }
}

export async function countTerms(path, words) {
  const matcher = new Matcher(words);
  const counts = new Map();
  for await (const chunk of createReadStream(path, "utf8")) {
    for (const word of matcher.scan(chunk.toLowerCase())) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return counts;
}
