// expect: pattern=chatty-protocol bench
// Sums up counters that are kept in Redis, each read by itself; and writes the sum back now and then.
const net = require("net");
const { execFileSync } = require("child_process");
const path = require("path");

const services = path.join(__dirname, "..", "services.py");
const port = Number(execFileSync(process.env.PYTHON || "python3", [services, "redis"], { stdio: ["ignore", "pipe", "inherit"] }));
const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
const waiting = [];
let rest = "";
socket.on("data", (data) => {
  rest += data;
  for (;;) {
    const end = rest.indexOf("\r\n");
    if (end < 0) return;
    const length = rest[0] === "$" ? Number(rest.slice(1, end)) : -1;
    if (length >= 0 && rest.length < end + 4 + length) return;
    waiting.shift()(length >= 0 ? rest.slice(end + 2, end + 2 + length) : rest.slice(1, end));
    rest = rest.slice(length >= 0 ? end + 4 + length : end + 2);
  }
});

function ask(...words) {
  socket.write(`*${words.length}\r\n` + words.map((w) => `$${w.length}\r\n${w}\r\n`).join("")); // <- cost
  return new Promise((resolve) => waiting.push(resolve));
}

async function total(names) {
  let sum = 0;
  for (const name of names) sum += Number(await ask("GET", name)); // <- cost
  return sum;
}

async function main() {
  const names = Array.from({ length: 500 }, (_, i) => `counter:${i}`);
  for (const [i, name] of names.entries()) await ask("SET", name, String(i));
  console.log("ready", process.pid);
  for (;;) await ask("SET", "total", String(await total(names)));
}
main();
