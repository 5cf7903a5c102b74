// expect: pattern=serial-requests bench
// The overview page of a bank: asks the services behind it for their part, one after the other.
const fs = require("fs");
const http = require("http");
const { execFileSync, spawn } = require("child_process");

const python = process.env.PYTHON || "python3";
const PARTS = ["accounts", "cards", "loans", "messages", "limits", "offers", "branches", "advisers"];
const ports = PARTS.map(() => Number(execFileSync(python, [process.env.SERVICES, "http", "6"], { stdio: ["ignore", "pipe", "inherit"] })));
const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
const log = fs.openSync("overview.log", "w");

function ask(port, path) {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, path, agent }, (answer) => { // <- cost
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part) => (text += part));
      answer.on("end", () => resolve(JSON.parse(text)));
    });
    request.on("error", reject);
  });
}

async function parts(customer) {
  const found = {};
  for (const [at, part] of PARTS.entries()) {
    found[part] = await ask(ports[at], `/${part}/${customer}`); // <- cost
  }
  return found;
}

function sparkline(seed) {
  let [path, y] = ["M0 20", 20];
  for (let x = 1; x < 90; x++) {
    y = Math.min(40, Math.max(0, y + (((seed * (x + 7)) % 11) - 5)));
    path += ` L${x * 2} ${y}`;
  }
  return `<svg viewBox="0 0 180 40"><path d="${path}"/></svg>`;
}

function page(customer, found) {
  const boxes = Object.entries(found).map(
    ([part, { name, price, stock }]) => `<section><h2>${part}</h2><p>${name}: ${price} EUR, ${stock}</p>${sparkline(price + customer)}</section>`,
  );
  return `<html><body><h1>Customer ${customer}</h1>${boxes.join("\n")}</body></html>`;
}

let sent = 0;
const server = http.createServer(async (request, response) => {
  const customer = Number(request.url.split("/").pop());
  const body = Buffer.from(page(customer, await parts(customer))); // <- cost
  response.writeHead(200, { "Content-Type": "text/html", "Content-Length": body.length });
  response.end(body);
  sent++;
});

server.listen(0, "127.0.0.1", () => {
  const paths = Array.from({ length: 50 }, (_, i) => `/overview/${i}`).join(",");
  spawn(python, [process.env.SERVICES, "customers", server.address().port, paths, 2], { stdio: "ignore" });
  console.log("ready", process.pid);
});
setInterval(() => fs.writeSync(log, `${Math.round(performance.now())} ${sent} pages sent\n`), 1000);
