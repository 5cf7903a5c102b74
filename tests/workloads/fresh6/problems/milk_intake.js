// expect: pattern=slow-dependency bench
// Answers the tankers of a dairy that stand on the farms: into which chamber the milk goes, and what is paid for it.
// The class of a farm's milk comes from the laboratory, which examines a sample of each farm once a day.
// Measured: half of the collections take 382 ms or more, 380 of it in the laboratory; 0.1 ms in the twin (40 a second,
// CPU below 5 % in both).
"use strict";
const { execFileSync, spawn } = require("node:child_process");
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");

const FARMS = 120;
const CHAMBERS = ["A", "B", "C"];
const CENTS = { S: 52.4, 1: 49.8, 2: 46.1 };

const python = process.env.PYTHON || "python3";
const services = process.env.SERVICES;
const stdio = ["ignore", "pipe", "inherit"];
const started = execFileSync(python, [services, "http", "380"], { encoding: "utf8", stdio });
const laboratoryPort = Number(started);

class Laboratory {
  constructor(port) {
    this.port = port;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  }

  // What was found in the last sample of a farm.
  sample(farm) {
    return new Promise((resolve, reject) => {
      const options = { port: this.port, path: `/samples/${farm}/latest`, agent: this.agent, timeout: 5000 };
      const request = http.get(options, (answer) => { // <- cost
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("end", () => {
          if (answer.statusCode !== 200) reject(new Error(`the laboratory says ${answer.statusCode}`));
          else resolve(JSON.parse(Buffer.concat(parts)));
        });
      });
      request.on("timeout", () => request.destroy(new Error("the laboratory does not answer")));
      request.on("error", reject);
    });
  }
}

class Grading {
  constructor(laboratory) {
    this.laboratory = laboratory;
  }

  async gradeOf(farm) {
    const { price: germs, stock: cells } = await this.laboratory.sample(farm); // <- cost
    if (germs < 300 && cells < 7) return "S";
    return germs < 800 ? 1 : 2;
  }
}

class Tanker {
  constructor(name) {
    this.name = name;
    this.chambers = new Map(CHAMBERS.map((chamber) => [chamber, { litres: 0, grade: null }]));
  }

  // The chamber with milk of the same class that has room; the tanker is emptied when there is none.
  load(litres, grade) {
    for (const [name, chamber] of this.chambers) {
      if ((chamber.grade === null || chamber.grade === grade) && chamber.litres + litres <= 8000) {
        chamber.grade = grade;
        chamber.litres += litres;
        return name;
      }
    }
    for (const chamber of this.chambers.values()) Object.assign(chamber, { litres: 0, grade: null });
    return this.load(litres, grade);
  }
}

class Intake {
  constructor(grading) {
    this.grading = grading;
    this.tankers = new Map();
    this.taken = new Map();
    this.times = [];
  }

  async collect(name, farm, litres) {
    const began = performance.now();
    const grade = await this.grading.gradeOf(farm); // <- cost
    if (!this.tankers.has(name)) this.tankers.set(name, new Tanker(name));
    const chamber = this.tankers.get(name).load(litres, grade);
    this.taken.set(farm, (this.taken.get(farm) || 0) + litres);
    this.times.push(performance.now() - began);
    return { farm, litres, grade, chamber, paid: Number(((litres * CENTS[grade]) / 100).toFixed(2)) };
  }

  report() {
    const sorted = this.times.sort((a, b) => a - b);
    const median = sorted.length ? sorted[sorted.length >> 1].toFixed(1) : "-";
    const best = [...this.taken].sort((a, b) => b[1] - a[1]).slice(0, 3);
    const line = `${sorted.length} collections, half of them within ${median} ms; most milk from ${best.join(" ")}\n`;
    this.times = [];
    return line;
  }
}

const intake = new Intake(new Grading(new Laboratory(laboratoryPort)));
const log = fs.openSync("intake.log", "a");

const server = http.createServer(async (request, response) => {
  const [, what, tanker, farm, litres] = request.url.split("/");
  if (what !== "collect" || !(Number(litres) > 0)) {
    response.writeHead(404).end();
    return;
  }
  try {
    const body = JSON.stringify(await intake.collect(tanker, farm, Number(litres))); // <- cost
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.end(body);
  } catch (problem) {
    response.writeHead(502).end(problem.message);
  }
});

function drive() {
  const stop = (_, n) => `/collect/T${n % 9}/F${n}/${400 + ((n * 7919) % 2600)}`;
  const stops = Array.from({ length: FARMS }, stop).join(",");
  const clients = path.join(path.dirname(services), "clients.py");
  spawn(python, [clients, "http", server.address().port, stops, 40, 24], { stdio: "ignore" });
  console.log("ready", process.pid);
}

server.listen(0, "127.0.0.1", drive);
setInterval(() => fs.writeSync(log, intake.report()), 1000);
