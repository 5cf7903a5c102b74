// expect: pattern=failing-dependency bench
// Sends letters through a service that says 503: each is sent again at once, until it gives up.
const http = require("http");
const { execFileSync } = require("child_process");
const path = require("path");

const services = path.join(__dirname, "..", "services.py");
const port = Number(execFileSync(process.env.PYTHON || "python3", [services, "unable"], { stdio: ["ignore", "pipe", "inherit"] }));
const agent = new http.Agent({ keepAlive: true });

function send(letter) {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, agent, path: "/send", method: "POST" }, (answer) => { // <- cost
      answer.resume();
      answer.on("end", () => (answer.statusCode < 500 ? resolve() : reject(new Error(answer.statusCode))));
    });
    request.on("error", reject);
    request.end(letter); // <- cost
  });
}

async function deliver(letter) {
  for (let attempt = 0; attempt < 10; attempt++) {
    try {
      return await send(letter); // <- cost
    } catch (error) {
      continue;
    }
  }
}

function write(number) {
  return Array.from({ length: 20 }, (_, i) => `line ${i} of letter ${number}`).join("\n");
}

async function main() {
  console.log("ready", process.pid);
  for (let number = 0; ; number++) await deliver(write(number));
}
main();
