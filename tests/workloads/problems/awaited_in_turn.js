// expect: pattern=serial-requests bench
// A nightly report that fetches the stock of every shop, one await after the other.
const { execFileSync } = require("child_process");
const path = require("path");

const services = path.join(__dirname, "..", "services.py");
const python = process.env.PYTHON || "python3";
const port = Number(execFileSync(python, [services, "http", "15"], { stdio: ["ignore", "pipe", "inherit"] }));

async function stock(shop) {
  const answer = await fetch(`http://127.0.0.1:${port}/stock/${shop}`); // <- cost
  return (await answer.json()).stock;
}

async function report(shops) {
  let total = 0;
  for (const shop of shops) total += await stock(shop); // <- cost
  return total;
}

async function main() {
  console.log("ready", process.pid);
  const shops = Array.from({ length: 40 }, (_, i) => i);
  for (;;) await report(shops);
}
main();
