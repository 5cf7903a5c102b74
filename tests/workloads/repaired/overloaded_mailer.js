// expect: healthy bench
// Sends letters through a service that says 503: they are kept, and one is tried again after pauses that grow.
const http = require("http");
const { execFileSync } = require("child_process");
const path = require("path");

const services = path.join(__dirname, "..", "services.py");
const port = Number(execFileSync(process.env.PYTHON || "python3", [services, "unable"], { stdio: ["ignore", "pipe", "inherit"] }));
const agent = new http.Agent({ keepAlive: true });

function send(letter) {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, agent, path: "/send", method: "POST" }, (answer) => {
      answer.resume();
      answer.on("end", () => (answer.statusCode < 500 ? resolve() : reject(new Error(answer.statusCode))));
    });
    request.on("error", reject);
    request.end(letter);
  });
}

const kept = [];
let pause = 2000;

async function deliver(letter) {
  kept.push(letter);
  try {
    await send(kept[0]);
    kept.shift();
    pause = 2000;
  } catch (error) {
    pause = Math.min(60000, pause * 2);
    await new Promise((resolve) => setTimeout(resolve, pause));
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
