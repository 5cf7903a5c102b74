// expect: healthy bench
// The catalogue of a library over HTTP: searches by words in an index that was made at the start, tells what is lent, and
// lends and takes back. What was asked a short while ago comes from a cache that is bounded.
// Measured: 200 answers a second, 0.4 ms of CPU time each.
"use strict";
const { spawn } = require("child_process");
const fs = require("fs");
const http = require("http");
const path = require("path");

const BOOKS = 30000;
const CACHED = 400;
const PAGE = 20;
const WORDS =
  "history river garden north winter letters music island stone light voyage mountain kitchen silence bridge children empire language memory market forest science painting theatre harvest shadow summer railway doctor village".split(" ");

function randomFrom(seed) {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * bound);
  };
}

/** The last answers, the oldest of which goes first. */
class Recent {
  constructor(size) {
    this.size = size;
    this.entries = new Map();
    this.hits = 0;
  }

  get(key) {
    const found = this.entries.get(key);
    if (found === undefined) return undefined;
    this.hits++;
    this.entries.delete(key);
    this.entries.set(key, found);
    return found;
  }

  set(key, value) {
    this.entries.set(key, value);
    if (this.entries.size > this.size) this.entries.delete(this.entries.keys().next().value);
  }
}

class Catalogue {
  constructor() {
    const random = randomFrom(1731);
    this.books = [];
    this.index = new Map();
    this.lent = new Map();
    for (let number = 0; number < BOOKS; number++) {
      const words = new Set();
      while (words.size < 4) words.add(WORDS[Math.min(random(WORDS.length), random(WORDS.length))]);
      const title = [...words].join(" ");
      this.books.push({ number, title, year: 1900 + random(125), shelf: `${"ABCDEFGH"[random(8)]}${random(400)}` });
      for (const word of words) {
        const entries = this.index.get(word);
        if (entries) entries.push(number);
        else this.index.set(word, [number]);
      }
    }
  }

  /** The books whose titles have all words: the two lists, both in order, side by side. */
  search(words, page) {
    const lists = words.map((word) => this.index.get(word) ?? []).sort((one, other) => one.length - other.length);
    let found = lists[0];
    for (const list of lists.slice(1)) found = Catalogue.both(found, list);
    const first = page * PAGE;
    return { found: found.length, books: found.slice(first, first + PAGE).map((number) => this.books[number]) };
  }

  static both(one, other) {
    const common = [];
    for (let at = 0, to = 0; at < one.length && to < other.length; ) {
      if (one[at] === other[to]) {
        common.push(one[at]);
        at++;
        to++;
      } else if (one[at] < other[to]) at++;
      else to++;
    }
    return common;
  }

  lend(number) {
    if (!this.books[number] || this.lent.has(number)) return false;
    this.lent.set(number, Date.now() + 4 * 7 * 86400e3);
    return true;
  }

  giveBack(number) {
    return this.lent.delete(number);
  }
}

class Desk {
  constructor(catalogue) {
    this.catalogue = catalogue;
    this.recent = new Recent(CACHED);
    this.answers = 0;
  }

  answer(request, response) {
    const url = new URL(request.url, "http://desk");
    const [, what, number] = url.pathname.split("/");
    this.answers++;
    if (what === "search") return this.search(url, response);
    if (what === "book") return this.book(Number(number), response);
    if (what === "lend") return this.say(response, { done: this.catalogue.lend(Number(number)) });
    if (what === "return") return this.say(response, { done: this.catalogue.giveBack(Number(number)) });
    return this.say(response, { error: "unknown" }, 404);
  }

  search(url, response) {
    const words = [...new Set((url.searchParams.get("words") ?? "").toLowerCase().split(" "))].sort();
    const page = Number(url.searchParams.get("page") ?? 0);
    const key = `${words.join(" ")}/${page}`;
    let found = this.recent.get(key);
    if (!found) {
      found = this.catalogue.search(words, page);
      this.recent.set(key, found);
    }
    const books = found.books.map((book) => ({ ...book, lent: this.catalogue.lent.has(book.number) }));
    this.say(response, { found: found.found, books });
  }

  book(number, response) {
    const book = this.catalogue.books[number];
    if (!book) return this.say(response, { error: "no such book" }, 404);
    this.say(response, { ...book, until: this.catalogue.lent.get(number) ?? null });
  }

  say(response, value, status = 200) {
    const body = JSON.stringify(value);
    response.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
    response.end(body);
  }
}

/** Readers at the terminals, in a process of their own. */
function openTerminals(port) {
  const paths = [];
  for (const one of WORDS) for (const other of WORDS) if (one < other) paths.push(`/search?words=${one}+${other}`);
  for (let number = 0; number < 60; number++) paths.push(`/book/${number * 499}`, `/lend/${number * 7}`, `/return/${number * 7}`);
  const clients = path.join(__dirname, "..", "..", "clients.py");
  spawn(process.env.PYTHON ?? "python3", [clients, "http", String(port), paths.join(","), "220", "6"], { stdio: "ignore" });
}

const desk = new Desk(new Catalogue());
const log = fs.createWriteStream("desk.log");
const server = http.createServer((request, response) => desk.answer(request, response));
server.listen(0, "127.0.0.1", () => {
  openTerminals(server.address().port);
  setInterval(() => log.write(`${desk.answers} answers, ${desk.recent.hits} from the cache\n`), 2000);
  console.log("ready", process.pid);
});
