// expect: healthy bench
// Tells applications which of their features are switched on for a user: by rules, by country, and for a share of all.
const { spawn } = require("child_process");
const crypto = require("crypto");
const fs = require("fs");
const http = require("http");
const path = require("path");

const FLAGS = 70;
const COUNTRIES = ["de", "fr", "it", "se", "pl", "es"];
const log = fs.openSync("flags.log", "w");

function makeFlags() {
  return Array.from({ length: FLAGS }, (_, n) => ({
    name: `feature-${n}`,
    salt: `salt ${n * 7919}`,
    enabled: n % 11 !== 0,
    rules: COUNTRIES.map((country, at) => ({
      when: { country, version: { least: at * 3 + (n % 10), most: 90 } },
      share: (n * 31 + at * 17) % 100,
      variants: ["control", "blue", "green"].map((name, v) => ({ name, weight: 20 + ((n + v * at) % 60) })),
    })),
    changed: { by: `developer ${n % 17}`, at: 1760000000 + n, note: "see the page of the team, and ask before" },
  }));
}

/** Nobody changes what is frozen. */
function frozen(value) {
  if (typeof value === "object" && !Object.isFrozen(value)) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

class Store {
  #flags = frozen(makeFlags());

  /** The flags as they are now. */
  snapshot() {
    return this.#flags;
  }

  /** Somebody moves the share of a flag. */
  turn(second) {
    const at = (second * 31) % FLAGS;
    const rules = this.#flags[at].rules.map((rule) => ({ ...rule, share: (rule.share + 10) % 101 }));
    this.#flags = frozen(this.#flags.with(at, { ...this.#flags[at], rules }));
  }
}

/** A number below 100 that stays the same for a user and a flag. */
function bucket(salt, user) {
  let mixed = 2166136261;
  for (const letter of salt + user) mixed = Math.imul(mixed ^ letter.charCodeAt(0), 16777619);
  return (mixed >>> 8) % 100;
}

function variant(rule, place) {
  const sum = rule.variants.reduce((total, { weight }) => total + weight, 0);
  let left = (place * 7919) % sum;
  return rule.variants.find(({ weight }) => (left -= weight) < 0).name;
}

function evaluate(flags, { user, country, version }) {
  const on = {};
  for (const { name, salt, enabled, rules } of flags) {
    if (!enabled) continue;
    const rule = rules.find(({ when }) => {
      return when.country === country && when.version.least <= version && version <= when.version.most;
    });
    const place = bucket(salt, user);
    if (rule && place < rule.share) on[name] = variant(rule, place);
  }
  return on;
}

const store = new Store();
let answered = 0;
let spent = 0;

const server = http.createServer((request, response) => {
  const began = performance.now();
  const [, user, country, version] = request.url.split("/");
  const flags = store.snapshot();
  const body = JSON.stringify(evaluate(flags, { user, country, version: Number(version) }));
  const etag = crypto.createHash("sha1").update(body).digest("base64url");
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body), ETag: `"${etag}"` });
  response.end(body);
  answered++;
  spent += performance.now() - began;
});

server.listen(0, "127.0.0.1", () => {
  const users = Array.from({ length: 300 }, (_, n) => `/user${n * 7919}/${COUNTRIES[n % 6]}/${n % 80}`).join(",");
  const clients = path.join(path.dirname(process.env.SERVICES), "clients.py");
  spawn(process.env.PYTHON || "python3", [clients, "http", server.address().port, users, 200, 6], { stdio: "ignore" });
  console.log("ready", process.pid);
});
let second = 0;
setInterval(() => {
  store.turn(++second);
  fs.writeSync(log, `${Math.round(performance.now())} ${answered} answers, ${(spent / answered).toFixed(2)} ms each\n`);
}, 1000);
