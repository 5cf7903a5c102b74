// expect: pattern=slow-dependency bench
// A gateway in front of an API: asks the identity service whose token came with a request, and passes the request on.
// Measured at 60 requests a second: 65 ms for each, 4.8 ms in the twin.
const { execFileSync, spawn } = require("child_process");
const crypto = require("crypto");
const fs = require("fs");
const http = require("http");
const path = require("path");

const TOKENS = 40;
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
const log = fs.openSync("gateway.log", "w");
const python = process.env.PYTHON || "python3";
let passed = 0;
let spent = 0;

function service(milliseconds) {
  return Number(execFileSync(python, [process.env.SERVICES, "http", String(milliseconds)], { stdio: ["ignore", "pipe", "inherit"] }));
}

const identity = service(60);
const backend = service(1);

function fetchJson(port, path) {
  return new Promise((resolve, reject) => {
    const asked = http.get({ host: "127.0.0.1", port, path, agent }, (answer) => { // <- cost
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => resolve(JSON.parse(Buffer.concat(parts))));
    });
    asked.on("error", reject);
  });
}

async function whose(token) {
  const found = await fetchJson(identity, `/introspect/${token}`); // <- cost
  return { name: found.name, limit: 10 + found.price };
}

function signed(account, article) {
  const text = JSON.stringify({ for: account.name, limit: account.limit, ...article });
  return `${text}.${crypto.createHmac("sha256", "key of the gateway").update(text).digest("base64url")}`;
}

async function answer(request, response) {
  const began = performance.now();
  const [, token, article] = request.url.split("/");
  const account = await whose(token); // <- cost
  const found = await fetchJson(backend, `/articles/${article}`);
  const body = Buffer.from(signed(account, found));
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": body.length });
  response.end(body);
  passed++;
  spent += performance.now() - began;
}

const server = http.createServer((request, response) => {
  answer(request, response).catch(() => response.writeHead(502).end());
});
server.listen(0, "127.0.0.1", () => {
  const paths = Array.from({ length: 200 }, (_, n) => `/${n % TOKENS}a${((n % TOKENS) * 7919) % 997}/${n}`).join(",");
  const clients = path.join(path.dirname(process.env.SERVICES), "clients.py");
  spawn(python, [clients, "http", server.address().port, paths, 60, 12], { stdio: "ignore" });
  console.log("ready", process.pid);
});
setInterval(() => {
  fs.writeSync(log, `${Math.round(performance.now())} ${passed} requests, ${(spent / passed).toFixed(1)} ms each\n`);
}, 1000);
