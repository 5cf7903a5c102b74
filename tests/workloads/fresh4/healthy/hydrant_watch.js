// expect: healthy bench
// Watches the hydrants of a town: each reports its pressure once in a while over one line; a hydrant that is silent for
// too long, or has too little pressure, is put on the list of the fire brigade. Most of the time nothing happens.
const { spawn } = require("child_process");
const { EventEmitter } = require("events");
const fs = require("fs");
const http = require("http");
const path = require("path");

const HYDRANTS = 300;
const SILENCE = 90_000;
const LEAST = 2.2;
const LATEST = 30;
const log = fs.openSync("hydrants.log", "w");

class Hydrant {
  constructor(number) {
    this.number = number;
    this.heard = Date.now();
    this.pressures = [];
    this.trouble = null;
  }

  report(pressure) {
    this.heard = Date.now();
    this.pressures.push(pressure);
    if (this.pressures.length > 8) this.pressures.shift();
  }

  get pressure() {
    return this.pressures.reduce((sum, one) => sum + one, 0) / Math.max(1, this.pressures.length);
  }

  state(now) {
    if (now - this.heard > SILENCE) return "silent";
    return this.pressures.length > 2 && this.pressure < LEAST ? "weak" : null;
  }
}

class Watch extends EventEmitter {
  constructor() {
    super();
    this.hydrants = Array.from({ length: HYDRANTS }, (_, number) => new Hydrant(number));
    this.reports = 0;
    this.latest = [];
  }

  report(number, pressure) {
    const hydrant = this.hydrants[number];
    if (!hydrant || !(pressure >= 0 && pressure < 20)) return false;
    hydrant.report(pressure);
    this.reports++;
    return true;
  }

  round() {
    const now = Date.now();
    for (const hydrant of this.hydrants) {
      const state = hydrant.state(now);
      if (state === hydrant.trouble) continue;
      hydrant.trouble = state;
      this.emit("change", hydrant, state);
    }
  }

  troubles() {
    return this.hydrants.filter((hydrant) => hydrant.trouble).map(({ number, trouble }) => ({ number, trouble }));
  }
}

const watch = new Watch();
watch.on("change", (hydrant, state) => {
  watch.latest.push(`hydrant ${hydrant.number} is ${state ?? "fine again"}`);
  if (watch.latest.length > LATEST) watch.latest.shift();
});

const server = http.createServer((request, response) => {
  const [what, number, pressure] = request.url.slice(1).split("/");
  let status = 200;
  let said = { noted: true };
  if (what === "report") {
    if (!watch.report(Number(number), Number(pressure))) [status, said] = [400, { error: "not a report" }];
  } else if (what === "troubles") {
    said = { troubles: watch.troubles(), latest: watch.latest };
  } else {
    [status, said] = [404, { error: "no such page" }];
  }
  const body = JSON.stringify(said);
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
  response.end(body);
});

server.listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  const clients = path.join(path.dirname(process.env.SERVICES), "clients.py");
  const paths = Array.from({ length: HYDRANTS }, (_, n) => `/report/${n}/${(2 + ((n * 7) % 40) / 10).toFixed(1)}`);
  paths.push("/troubles", "/report/9999/1");
  spawn(process.env.PYTHON || "python3", [clients, "http", port, paths.join(","), 5, 2], { stdio: "ignore" });
  console.log("ready", process.pid);
});
setInterval(() => watch.round(), 1000);
setInterval(() => {
  fs.writeSync(log, `${Math.round(performance.now())} ${watch.reports} reports, ${watch.troubles().length} troubles\n`);
}, 2000);
