// expect: pattern=repeated-computation bench
// A gateway that opens sealed session cookies. The keys are stretched from the secret for each cookie.
const crypto = require("crypto");
const fs = require("fs");
const http = require("http");
const { spawn } = require("child_process");

const SECRET = "the secret of this installation, from its settings";
const ROUNDS = 250;
const log = fs.openSync("gateway.log", "w");

function keysFrom(secret) {
  const both = crypto.pbkdf2Sync(secret, "session cookie", ROUNDS, 64, "sha256"); // <- cost
  return { sealing: both.subarray(0, 32), signing: both.subarray(32) };
}

function seal(session) {
  const keys = keysFrom(SECRET); // <- cost
  const nonce = crypto.randomBytes(12);
  const cipher = crypto.createCipheriv("aes-256-gcm", keys.sealing, nonce);
  const hidden = Buffer.concat([cipher.update(JSON.stringify(session), "utf8"), cipher.final(), cipher.getAuthTag()]);
  const signed = crypto.createHmac("sha256", keys.signing).update(hidden).digest();
  return Buffer.concat([nonce, signed, hidden]).toString("base64url");
}

function open(cookie) {
  const keys = keysFrom(SECRET); // <- cost
  const sealed = Buffer.from(cookie, "base64url");
  const nonce = sealed.subarray(0, 12);
  const hidden = sealed.subarray(44);
  const signed = crypto.createHmac("sha256", keys.signing).update(hidden).digest();
  if (!crypto.timingSafeEqual(signed, sealed.subarray(12, 44))) return null;
  const decipher = crypto.createDecipheriv("aes-256-gcm", keys.sealing, nonce);
  decipher.setAuthTag(hidden.subarray(-16));
  return JSON.parse(decipher.update(hidden.subarray(0, -16), undefined, "utf8") + decipher.final("utf8"));
}

function page(session) {
  const rows = session.basket.map(({ article, count }) => `<li>${count} pieces of article ${article}</li>`);
  const total = session.basket.reduce((sum, { article, count }) => sum + count * (99 + (article % 50)), 0);
  return `<h1>Hello ${session.name}</h1><ul>${rows.join("")}</ul><p>${(total / 100).toFixed(2)} EUR</p>`;
}

let answered = 0;
const server = http.createServer((request, response) => {
  const session = open(request.url.slice("/basket/".length));
  if (!session) {
    response.writeHead(403).end();
    return;
  }
  const body = Buffer.from(page(session));
  response.writeHead(200, { "Content-Type": "text/html", "Content-Length": body.length });
  response.end(body);
  answered++;
});

server.listen(0, "127.0.0.1", () => {
  const paths = Array.from({ length: 30 }, (_, i) => {
    const basket = Array.from({ length: 12 }, (_, n) => ({ article: (i * 31 + n * 7) % 997, count: 1 + (n % 3) }));
    return `/basket/${seal({ name: `customer ${i}`, basket })}`;
  });
  const words = [process.env.SERVICES, "customers", server.address().port, paths.join(","), 3];
  spawn(process.env.PYTHON || "python3", words, { stdio: "ignore" });
  console.log("ready", process.pid);
});
setInterval(() => fs.writeSync(log, `${Math.round(performance.now())} ${answered} pages sent\n`), 1000);
