// expect: pattern=uncompressed-transfer bench
// Hands the timetable of a region to the displays at its stations, each on a slow line. It changes every few seconds.
// Measured with six displays on lines of 600 kB/s: 571 kB and 1.05 s for each, 53 kB and 0.1 s in the twin.
const { spawn } = require("child_process");
const fs = require("fs");
const http = require("http");
const os = require("os");
const path = require("path");
const zlib = require("zlib");

const DISPLAYS = 6;
const LINE = 600000; // bytes a second
const STOPS = 700;
const log = fs.openSync("timetable.log", "w");
let version = 0;
let current = null;
let sent = 0;
let bytes = 0;

function timetable() {
  const stops = [];
  for (let stop = 0; stop < STOPS; stop++) {
    const departures = [];
    for (let n = 0; n < 12; n++) {
      const late = (stop * 7919 + n * 31 + version) % 9;
      const line = (stop * 7 + n) % 60;
      departures.push({ line: `Tram ${line}`, to: `Terminus ${line % 17}`, planned: `${8 + n}:${10 + (stop % 50)}`, late });
    }
    stops.push({ stop: `Stop ${stop}`, platform: stop % 4, departures });
  }
  return { region: "north", version, stops };
}

function renew() {
  version++;
  const body = Buffer.from(JSON.stringify(timetable()));
  current = { body, etag: `"${version}"` }; // <- cost
}

function answer(request, response) {
  if (request.headers["if-none-match"] === current.etag) {
    response.writeHead(304).end();
    return;
  }
  const { body, etag } = current;
  const head = { "Content-Type": "application/json", "Content-Length": body.length, ETag: etag };
  response.writeHead(200, head); // <- cost
  response.end(body); // <- cost
  bytes += body.length;
  sent++;
}

function outerAddress() {
  const all = Object.values(os.networkInterfaces()).flat();
  return (all.find(({ family, internal }) => family === "IPv4" && !internal) || { address: "127.0.0.1" }).address;
}

renew();
setInterval(renew, 5000);
const server = http.createServer(answer);
server.listen(0, outerAddress(), () => {
  const { address, port } = server.address();
  const clients = path.join(path.dirname(process.env.SERVICES), "clients.py");
  const words = [clients, "slow", address, port, "/timetable", LINE, DISPLAYS];
  spawn(process.env.PYTHON || "python3", words, { stdio: "ignore" });
  console.log("ready", process.pid);
});
setInterval(() => {
  const each = `${(bytes / sent / 1000).toFixed(0)} kB each`;
  fs.writeSync(log, `${Math.round(performance.now())} ${sent} timetables, ${each}\n`);
}, 1000);
