// Known counts, in primes: each line asks the kernel for one thing, as often as it says, between work that asks nothing.
const fs = require("fs");
const crypto = require("crypto");
const path = require("path");
const file = path.join(process.cwd(), "known.txt");
fs.writeFileSync(file, "x".repeat(4099));

function hot(n) {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    sum += Math.sqrt(i) % 7; // hot line
  }
  return sum;
}

function stats() {
  fs.statSync(file); // waiting line: stat
}

function reads() {
  return fs.readFileSync(file).length; // waiting line: read
}

function digests() {
  return crypto.createHash("sha256").update("x".repeat(997)).digest("hex");
}

const kept = [];
function keeps() {
  kept.push(new Array(1009).fill(kept.length)); // allocating line
}

async function later() {
  await new Promise((resolve) => setTimeout(resolve, 31));
  for (let i = 0; i < 101; i++) fs.accessSync(file); // waiting line: access
}

async function work() {
  for (let i = 0; i < 5003; i++) stats();
  for (let i = 0; i < 2003; i++) reads();
  for (let i = 0; i < 307; i++) digests();
  for (let i = 0; i < 1511; i++) JSON.parse(JSON.stringify({ i, text: "x".repeat(101) }));
  for (let i = 0; i < 1009; i++) keeps();
  let sum = 0;
  const until = process.hrtime.bigint() + 1_000_000_000n;
  while (process.hrtime.bigint() < until) sum += hot(200_003);
  await later();
  process.stdout.write(JSON.stringify({ file, stats: 5003, reads: 2003, accesses: 101, sum }) + "\n");
}

process.stdin.setEncoding("utf8");
process.stdin.on("data", (text) => {
  for (const word of text.split("\n")) {
    if (word === "go") work();
    if (word === "stop") process.exit(0);
  }
});
process.stdout.write(`ready ${process.pid}\n`);
