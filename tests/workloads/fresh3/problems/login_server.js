// expect: pattern=blocking-io bench
// Logs the customers of a shop in, and tells for each of their requests whether they are still known. Passwords are
// kept as keys made by scrypt.
// Measured at 8 log-ins and 150 checks a second: a check takes 11.6 ms, one in ten 44 ms or more; 2.2 and 9 ms in the twin.
const { spawn } = require("child_process");
const crypto = require("crypto");
const fs = require("fs");
const http = require("http");
const path = require("path");

const CUSTOMERS = 60;
const LONGEST = 30000;
const log = fs.openSync("logins.log", "w");

const cost = { N: 16384, r: 8, p: 1 };

class Accounts {
  constructor() {
    this.byName = new Map();
    for (let n = 0; n < CUSTOMERS; n++) {
      const salt = crypto.createHash("sha256").update(`salt ${n}`).digest();
      this.byName.set(`customer${n}`, { salt, key: crypto.scryptSync(`secret${n}`, salt, 32, cost) });
    }
  }

  async fits(name, password) {
    const account = this.byName.get(name);
    if (!account) return false;
    const key = crypto.scryptSync(password, account.salt, 32, cost); // <- cost
    return crypto.timingSafeEqual(key, account.key);
  }
}

class Sessions {
  #known = new Map();
  #secret = crypto.randomBytes(32);

  begin(name) {
    const token = crypto.createHmac("sha256", this.#secret).update(`${name} ${Date.now()}`).digest("base64url");
    this.#known.set(token, { name, until: Date.now() + LONGEST });
    return token;
  }

  holder(token) {
    const found = this.#known.get(token);
    return found && found.until > Date.now() ? found.name : undefined;
  }

  forget() {
    for (const [token, { until }] of this.#known) {
      if (until > Date.now()) break;
      this.#known.delete(token);
    }
  }

  get size() {
    return this.#known.size;
  }
}

const accounts = new Accounts();
const sessions = new Sessions();
const counts = { logins: 0, refused: 0, checks: 0 };
let latest = "none";

async function login(name, password) {
  if (!(await accounts.fits(name, password))) { // <- cost
    counts.refused++;
    return [403, { error: "no such customer, or another password" }];
  }
  counts.logins++;
  latest = sessions.begin(name);
  return [200, { token: latest }];
}

function check(token) {
  counts.checks++;
  const name = sessions.holder(token === "latest" ? latest : token);
  return name ? [200, { name }] : [401, { error: "please log in" }];
}

async function answer(request, response) {
  const [, what, ...words] = request.url.split("/");
  const [status, found] = what === "login" ? await login(...words) : check(words[0]); // <- cost
  const body = JSON.stringify(found);
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

const server = http.createServer((request, response) => {
  answer(request, response).catch(() => response.writeHead(500).end());
});
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  const clients = path.join(path.dirname(process.env.SERVICES), "clients.py");
  const python = process.env.PYTHON || "python3";
  const logins = Array.from({ length: CUSTOMERS }, (_, n) => `/login/customer${n}/secret${n % 20 ? n : "?"}`).join(",");
  spawn(python, [clients, "http", port, logins, 8, 4], { stdio: "ignore" });
  spawn(python, [clients, "http", port, "/check/latest,/check/unknown", 150, 6], { stdio: "ignore" });
  console.log("ready", process.pid);
});
setInterval(() => {
  sessions.forget();
  const { logins, refused, checks } = counts;
  const numbers = `${logins} logins, ${refused} refused, ${checks} checks, ${sessions.size} known`;
  fs.writeSync(log, `${Math.round(performance.now())} ${numbers}\n`);
}, 1000);
