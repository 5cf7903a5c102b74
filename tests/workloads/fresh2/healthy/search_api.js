// expect: healthy bench
// Searches recipes by their words, over HTTP: an index made at the start, and the commonest questions from a cache.
const { spawn } = require("child_process");
const crypto = require("crypto");
const fs = require("fs");
const http = require("http");
const path = require("path");

const RECIPES = 4000;
const CACHED = 150;
const ROOTS = ["apple", "bread", "carrot", "dill", "egg", "flour", "garlic", "honey", "lemon", "mint", "onion", "pepper"];
const log = fs.openSync("search.log", "w");
const index = new Map();
const recipes = [];
const cache = new Map();
let answered = 0;
let found = 0;

function words(number) {
  return Array.from({ length: 8 }, (_, n) => `${ROOTS[(number * 31 + n * 7) % 12]}${(number * 7919 + n * 104729) % 25}`);
}

function build() {
  for (let number = 0; number < RECIPES; number++) {
    recipes.push({ number, title: `Recipe ${number}`, minutes: 10 + (number % 80) });
    for (const word of new Set(words(number))) {
      const list = index.get(word) || [];
      list.push(number);
      index.set(word, list);
    }
  }
}

/** How many of the words each recipe has; the best ten. */
function search(asked) {
  const points = new Map();
  for (const word of asked) {
    const list = index.get(word);
    if (!list) continue;
    const weight = Math.log(RECIPES / list.length);
    for (const number of list) points.set(number, (points.get(number) || 0) + weight);
  }
  const best = [...points].sort(([a, p], [b, q]) => q - p || a - b).slice(0, 10);
  return best.map(([number, weight]) => ({ ...recipes[number], weight: Math.round(weight * 100) / 100 }));
}

function answerTo(url) {
  const known = cache.get(url);
  if (known) {
    found++;
    cache.delete(url); // (the one that was asked for last is the last)
    cache.set(url, known);
    return known;
  }
  const body = Buffer.from(JSON.stringify(search(url.slice(1).split("+"))));
  const made = { body, etag: crypto.createHash("sha1").update(body).digest("base64url") };
  cache.set(url, made);
  if (cache.size > CACHED) cache.delete(cache.keys().next().value);
  return made;
}

build();
const server = http.createServer((request, response) => {
  const { body, etag } = answerTo(request.url);
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": body.length, ETag: etag });
  response.end(body);
  answered++;
});
server.listen(0, "127.0.0.1", () => {
  const questions = Array.from({ length: 250 }, (_, n) => `/${words(n * 13).slice(n % 3, 5).join("+")}`);
  const clients = path.join(path.dirname(process.env.SERVICES), "clients.py");
  const started = [clients, "http", server.address().port, questions.join(","), 200, 8];
  spawn(process.env.PYTHON || "python3", started, { stdio: "ignore" });
  console.log("ready", process.pid);
});
setInterval(() => fs.writeSync(log, `${Math.round(performance.now())} ${answered} answers, ${found} from the cache\n`), 1000);
