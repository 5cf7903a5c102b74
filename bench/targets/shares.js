// Functions whose shares of the CPU time are known: shares.js MODE THREADS FILE; as shares.py beside it.
//
// The machine's own profiler is started by "profile MICROSECONDS" on standard input, and stopped by "stop PATH".
const fs = require("fs");
const crypto = require("crypto");
const zlib = require("zlib");
const { Session } = require("inspector");

const TIMES = 8, GAPS = 64, LEAST_MS = 0.1, MOST_GAPS = 63;
const [mode, , file] = process.argv.slice(2);
const fd = fs.openSync(file, "r+");
const numbers = new Float64Array(128);
const slots = new BigUint64Array(128);
fs.writeFileSync(`${file}.data`, Buffer.alloc(1 << 20));
const cached = fs.openSync(`${file}.data`, "r");
const block = Buffer.alloc(1 << 19, "block ");
const text = Buffer.from(Array.from({ length: 5000 }, (_, i) => String(i * i)).join(" "));
const into = Buffer.alloc(1 << 20);

function tell() {
  for (let i = 0; i < slots.length; i++) slots[i] = BigInt(Math.round(numbers[i]));
  fs.writeSync(fd, slots, 0, slots.byteLength, 0);
}

function computes() {
  let x = 1;
  for (let i = 0; i < 500000; i++) x = (Math.imul(x, 31) + i) | 0;
  return x;
}

function digests() {
  return crypto.createHash("sha256").update(block).digest();
}

function squeezes() {
  return zlib.deflateSync(text, { level: 5 });
}

function tiny(x) {
  return (x * 31 + 7) % 1000003;
}

function calls() {
  let x = 0;
  for (let i = 0; i < 100000; i++) x = tiny(x);
  return x;
}

function reads() {
  for (let i = 0; i < 5; i++) fs.readSync(cached, into, 0, into.length, 0);
  return into[0];
}

const FUNCTIONS = [computes, digests, squeezes, calls, reads];
const deck = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4];
let sink = 0;

function cpu() {
  const used = process.threadCpuUsage ? process.threadCpuUsage() : process.cpuUsage();
  return used.user + used.system;
}

function mixed() {
  // In any fixed order a regular look could meet always the same function.
  for (let i = deck.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [deck[i], deck[j]] = [deck[j], deck[i]];
  }
  for (const one of deck) {
    const began = cpu();
    const found = FUNCTIONS[one]();
    numbers[TIMES + one] += (cpu() - began) * 1000;
    sink += typeof found === "number" ? found : found.length;
  }
  tell();
  setImmediate(mixed);
}

function first(x) {
  for (let i = 0; i < 5000; i++) x = (Math.imul(x, 31) + i) | 0;
  return x;
}

function second(x) {
  for (let i = 0; i < 2500; i++) x = (Math.imul(x, 31) + i) | 0;
  return x;
}

function third(x) {
  for (let i = 0; i < 1500; i++) x = (Math.imul(x, 31) + i) | 0;
  return x;
}

function fourth(x) {
  for (let i = 0; i < 1000; i++) x = (Math.imul(x, 31) + i) | 0;
  return x;
}

function cost(short) {
  let least = Infinity;
  for (let i = 0; i < 60; i++) {
    const began = cpu();
    for (let j = 0; j < 200; j++) sink = short(sink);
    least = Math.min(least, ((cpu() - began) * 1000) / 200);
  }
  return least;
}

const scheduled = fs.openSync("/proc/thread-self/schedstat", "r");
const said = Buffer.alloc(64);

// Milliseconds that this thread was ready to run, and did not.
function keptBack() {
  const length = fs.readSync(scheduled, said, 0, said.length, 0);
  return Number(said.toString("latin1", 0, length).split(" ")[1]) / 1e6;
}

let turn = 0, last = performance.now(), waited = keptBack(), costs = [];

function turns() {
  for (let i = 0; i < 300; i++) {
    sink = fourth(third(second(first(sink))));
    turn += 1;
    const now = performance.now();
    let gap = now - last;
    last = now;
    if (gap > LEAST_MS || turn % 64 === 0) {
      const was = waited;
      waited = keptBack();
      gap -= waited - was;
      if (gap > LEAST_MS) numbers[GAPS + Math.min(MOST_GAPS, Math.floor(4 * Math.log2(gap / LEAST_MS)))] += 1;
    }
  }
  numbers[0] = turn;
  for (let i = 0; i < costs.length; i++) numbers[TIMES + i] = turn * costs[i];
  tell();
}

function deep(callsLeft) {
  if (callsLeft) deep(callsLeft - 1);
  else turns();
}

function short() {
  deep(20);
  setImmediate(short);
}

const session = new Session();
process.stdin.setEncoding("utf8");
process.stdin.on("end", () => process.exit(0));
process.stdin.on("data", (data) => {
  const [word, what] = data.trim().split(" ");
  if (word === "profile") {
    session.connect();
    session.post("Profiler.enable");
    session.post("Profiler.setSamplingInterval", { interval: Number(what) });
    session.post("Profiler.start", () => process.stdout.write("profiling\n"));
  }
  if (word === "stop")
    session.post("Profiler.stop", (_, told) => {
      session.disconnect();
      fs.writeFileSync(what, JSON.stringify(told.profile));
      process.stdout.write("stopped\n");
    });
});
if (mode === "short") costs = [first, second, third, fourth].map(cost);
process.stdout.write(`ready ${process.pid} ${process.pid}\n`);
if (mode === "mixed") mixed();
else short();
