// expect: healthy bench
// The plan of the ramp at an airport: who handles which aircraft with which gear, minute by minute. The offices of the
// airlines, in other towns and on slow lines, fetch the plan of the day again whenever they look at it.
// Measured: the offices get 67 plans of 37 KB in the time in which they get 24 of 492 KB in the problem.
const fs = require("fs");
const http = require("http");
const os = require("os");
const path = require("path");
const { promisify } = require("util");
const zlib = require("zlib");
const { spawn } = require("child_process");

const gzip = promisify(zlib.gzip);

const CLIENTS = path.join(__dirname, "..", "..", "clients.py");
const STANDS = Array.from({ length: 46 }, (_, number) => `${"ABCD"[number % 4]}${10 + number}`);
const GEAR = ["belt loader", "high loader", "tug", "dolly train", "ground power unit", "air starter", "lavatory truck"];
const CREWS = ["north-1", "north-2", "pier-1", "pier-2", "remote-1", "remote-2", "cargo-1"];
const TASKS = ["chocks and cones", "unload hold", "load hold", "push back", "de-ice", "tow to hangar"];
const TURNAROUNDS = 900;

/** Numbers that are the same each day. */
function dice(seed) {
  let state = seed;
  return (below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
}

const roll = dice(1903);

class Turnaround {
  constructor(number) {
    this.flight = `${["KX", "VT", "BD", "SL"][roll(4)]}${200 + number}`;
    this.stand = STANDS[roll(STANDS.length)];
    this.onBlock = roll(1380);
    this.late = 0;
    this.tasks = TASKS.slice(0, 3 + roll(3)).map((task, at) => ({
      task,
      crew: CREWS[roll(CREWS.length)],
      gear: GEAR[roll(GEAR.length)],
      begins: this.onBlock + at * 9,
      minutes: 6 + roll(14),
    }));
  }

  delay(minutes) {
    this.late = Math.max(0, this.late + minutes);
  }

  row() {
    const tasks = this.tasks.map((each) => ({
      task: each.task,
      crew: each.crew,
      equipment: each.gear,
      begins: clock(each.begins + this.late),
      ends: clock(each.begins + this.late + each.minutes),
      status: this.late > 20 ? "to be planned again" : "confirmed",
    }));
    return { flight: this.flight, stand: this.stand, onBlock: clock(this.onBlock + this.late), delay: this.late, tasks };
  }
}

function clock(minutes) {
  const ofDay = minutes % 1440;
  return `${String(Math.floor(ofDay / 60)).padStart(2, "0")}:${String(ofDay % 60).padStart(2, "0")}`;
}

/** The plan of the day; what the offices get of it is made anew only after a change. */
class RampPlan {
  #turnarounds = Array.from({ length: TURNAROUNDS }, (_, number) => new Turnaround(number));
  #version = 1;
  #made = null;

  change() {
    for (let changes = 0; changes < 5; changes++) {
      this.#turnarounds[roll(TURNAROUNDS)].delay(roll(25) - 8);
    }
    this.#version++;
    this.#made = null;
  }

  /** The crews that are needed in two places at once, for the foreman. */
  clashes() {
    const busy = new Map();
    let found = 0;
    for (const { tasks, late } of this.#turnarounds) {
      for (const { crew, begins } of tasks) {
        const slot = `${crew} ${Math.floor((begins + late) / 5)}`;
        found += busy.has(slot) ? 1 : 0;
        busy.set(slot, true);
      }
    }
    return found;
  }

  /** The sheet, plain and packed, as a promise that all who ask share until the next change. */
  sheet() {
    if (!this.#made) {
      const rows = this.#turnarounds.map((each) => each.row()).sort((a, b) => a.onBlock.localeCompare(b.onBlock));
      const plain = Buffer.from(JSON.stringify({ version: this.#version, turnarounds: rows }));
      this.#made = gzip(plain).then((packed) => ({ plain, packed }));
    }
    return this.#made;
  }
}

class Office {
  served = 0;
  bytes = 0;

  constructor(plan) {
    this.plan = plan;
  }

  async answer(request, response) {
    if (request.url !== "/plan/today") {
      response.writeHead(404, { "Content-Length": 0 });
      response.end();
      return;
    }
    const { plain, packed } = await this.plan.sheet();
    const squeezed = /\bgzip\b/.test(request.headers["accept-encoding"] || "");
    const body = squeezed ? packed : plain;
    response.on("finish", () => {
      this.served++;
      this.bytes += body.length;
    });
    const headers = { "Content-Type": "application/json", "Content-Length": body.length, Vary: "Accept-Encoding" };
    if (squeezed) {
      headers["Content-Encoding"] = "gzip";
    }
    response.writeHead(200, headers);
    response.end(body);
  }

  state() {
    const rate = (this.served / process.uptime()).toFixed(1);
    return `${this.served} plans, ${rate} a second, ${Math.round(this.bytes / Math.max(1, this.served))} bytes each\n`;
  }
}

/** The address under which the other towns know this machine. */
function outerAddress() {
  const all = Object.values(os.networkInterfaces()).flat();
  return all.find((each) => each.family === "IPv4" && !each.internal).address;
}

const plan = new RampPlan();
const office = new Office(plan);
const server = http.createServer((request, response) => office.answer(request, response));
const state = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "ramp-")), "state.txt");
server.listen(0, outerAddress(), () => {
  const { address, port } = server.address();
  const offices = [CLIENTS, "slow", address, String(port), "/plan/today", "1000000", "6"];
  spawn("python3", offices, { stdio: "ignore" }).on("exit", () => console.log("ready", process.pid));
});
setInterval(() => plan.change(), 2000);
setInterval(() => {
  fs.writeFile(state, `${office.state()}${plan.clashes()} clashes\n`, () => {});
}, 3000);
