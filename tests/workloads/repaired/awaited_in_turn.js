// expect: healthy bench
// A nightly report that fetches the stock of every shop, ten at a time.
const { execFileSync } = require("child_process");
const path = require("path");

const services = path.join(__dirname, "..", "services.py");
const python = process.env.PYTHON || "python3";
const port = Number(execFileSync(python, [services, "http", "15"], { stdio: ["ignore", "pipe", "inherit"] }));

async function stock(shop) {
  const answer = await fetch(`http://127.0.0.1:${port}/stock/${shop}`);
  return (await answer.json()).stock;
}

async function report(shops) {
  let total = 0;
  for (let i = 0; i < shops.length; i += 10) {
    const some = await Promise.all(shops.slice(i, i + 10).map(stock));
    total += some.reduce((sum, one) => sum + one, 0);
  }
  return total;
}

async function main() {
  console.log("ready", process.pid);
  const shops = Array.from({ length: 40 }, (_, i) => i);
  for (;;) await report(shops);
}
main();
