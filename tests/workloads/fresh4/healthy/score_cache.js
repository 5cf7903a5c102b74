// expect: healthy bench
// Engraves pages of sheet music for readers, and keeps those that are asked for most: the cache fills up to its bound,
// and then the page that nobody wanted for the longest time goes.
const { spawn } = require("child_process");
const fs = require("fs");
const http = require("http");
const path = require("path");

const KEPT = 1200;
const PIECES = 160;
const PAGES = 40;
const RATE = 220;
const log = fs.openSync("scores.log", "w");

/** Pages by name, the last used at the end. */
class PageCache {
  #pages = new Map();
  hits = 0;
  misses = 0;

  constructor(bound) {
    this.bound = bound;
  }

  get(name, make) {
    let page = this.#pages.get(name);
    if (page) {
      this.hits++;
      this.#pages.delete(name);
    } else {
      this.misses++;
      page = make();
    }
    this.#pages.set(name, page);
    if (this.#pages.size > this.bound) this.#pages.delete(this.#pages.keys().next().value);
    return page;
  }

  get size() {
    return this.#pages.size;
  }
}

/** The notes of a bar, by a rule that depends on the piece. */
function bar(piece, number) {
  const notes = [];
  for (let beat = 0; beat < 4; beat++) {
    const pitch = 40 + ((piece * 31 + number * 7 + beat * beat * 5) % 44);
    notes.push({ pitch, length: (number + beat) % 3 === 0 ? 2 : 1, accidental: pitch % 12 === 6 ? "sharp" : "" });
  }
  return notes;
}

function engrave(piece, page) {
  const parts = [`<svg xmlns="http://www.w3.org/2000/svg" width="840" height="1188"><title>Piece ${piece}, ${page}</title>`];
  for (let staff = 0; staff < 6; staff++) {
    const top = 80 + staff * 180;
    for (let line = 0; line < 5; line++) parts.push(`<path d="M40 ${top + line * 10}H800"/>`);
    for (let at = 0; at < 5; at++) {
      const left = 60 + at * 150;
      bar(piece, (page * 6 + staff) * 5 + at).forEach(({ pitch, length, accidental }, beat) => {
        const x = left + beat * 34;
        const y = top + (84 - pitch) * 2.5;
        parts.push(`<circle cx="${x}" cy="${y}" r="4.5" class="l${length}"/>`);
        if (accidental) parts.push(`<use href="#${accidental}" x="${x - 12}" y="${y}"/>`);
      });
      parts.push(`<path d="M${left + 142} ${top}v40"/>`);
    }
  }
  parts.push("</svg>");
  return Buffer.from(parts.join("\n"));
}

const cache = new PageCache(KEPT);
let answered = 0;

const server = http.createServer((request, response) => {
  const found = /^\/scores\/(\d+)\/(\d+)$/.exec(request.url);
  const [piece, number] = found ? found.slice(1).map(Number) : [PIECES, 0];
  answered++;
  if (piece >= PIECES || number >= PAGES) {
    response.writeHead(404).end();
    return;
  }
  const page = cache.get(request.url, () => engrave(piece, number));
  response.writeHead(200, { "Content-Type": "image/svg+xml", "Content-Length": page.length });
  response.end(page);
});

/** Some pieces are liked more than others. */
function wishes() {
  const paths = [];
  for (let piece = 0; piece < PIECES; piece++) {
    const copies = piece < 20 ? 8 : 1;
    for (let n = 0; n < copies; n++) {
      for (let page = 0; page < PAGES; page += piece < 20 ? 1 : 4) paths.push(`/scores/${piece}/${page}`);
    }
  }
  return paths.join(",");
}

server.listen(0, "127.0.0.1", () => {
  const clients = path.join(path.dirname(process.env.SERVICES), "clients.py");
  const words = [clients, "http", server.address().port, wishes(), RATE, 6];
  spawn(process.env.PYTHON || "python3", words, { stdio: "ignore" }).on("error", (problem) => {
    fs.writeSync(log, `no customers: ${problem.message}\n`);
    process.exit(1);
  });
  console.log("ready", process.pid);
});
setInterval(() => {
  const megabytes = Math.round(process.memoryUsage().rss / 1048576);
  fs.writeSync(log, `${answered} answers, ${cache.size} pages kept, ${cache.hits} of them found, ${megabytes} MB\n`);
}, 1000);
