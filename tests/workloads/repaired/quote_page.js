// expect: healthy bench
// A page that shows a quote, which is kept for a day.
const http = require("http");
const { execFileSync } = require("child_process");
const path = require("path");

const services = path.join(__dirname, "..", "services.py");
const python = process.env.PYTHON || "python3";
const port = Number(execFileSync(python, [services, "http", "120"], { stdio: ["ignore", "pipe", "inherit"] }));
const agent = new http.Agent({ keepAlive: true });

function quote(day) {
  return new Promise((resolve, reject) => {
    http.get({ port, path: `/quote/${day}`, agent }, (answer) => {
      let body = "";
      answer.on("data", (piece) => (body += piece));
      answer.on("end", () => resolve(JSON.parse(body)));
    }).on("error", reject);
  });
}

const kept = new Map();
function todays(day) {
  if (!kept.has(day)) kept.set(day, quote(day));
  return kept.get(day);
}

function list(day) {
  return Array.from({ length: 40 }, (_, i) => `<li>${(i * day) % 97}</li>`).join("");
}

const server = http.createServer(async (request, response) => {
  const day = Number(request.url.split("/").pop());
  response.end(`<h1>${(await todays(day)).name}</h1><ul>${list(day)}</ul>`);
});
server.listen(0, "127.0.0.1", () => {
  const paths = Array.from({ length: 20 }, (_, i) => `/page/${i}`).join(",");
  execFileSync(python, [services, "customers", String(server.address().port), paths, "2"], { stdio: "ignore" });
  const days = Array.from({ length: 20 }, (_, i) => i);
  Promise.all(days.map(todays)).then(() => console.log("ready", process.pid));
});
