// expect: pattern=serial-requests bench
// The morning page of a school: for each class the pupils on its list, who of them passed the gate and when, and who is
// excused; asked for by the screens in the staff room. The gate's readings are kept by a service of another maker.
// Measured: a page takes 340 ms, 17 questions of 15 ms and more; 42 ms in the twin (on a busy machine).
"use strict";
const { execFileSync, spawn } = require("child_process");
const fs = require("fs");
const http = require("http");
const path = require("path");

const python = process.env.PYTHON || "python3";
const services = process.env.SERVICES;
const log = fs.openSync("register.log", "w");
const CLASSES = 24;
const PUPILS = 18;

/** The gate's service: one pupil a question. */
class Gate {
  #agent = new http.Agent({ keepAlive: true, maxSockets: 24 });

  constructor(port) {
    this.port = port;
    this.asked = 0;
  }

  passage(pupil) {
    this.asked++;
    return new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port: this.port, path: `/passages/${pupil.key}`, agent: this.#agent };
      const request = http.get(options, (response) => { // <- cost
        const parts = [];
        response.on("data", (part) => parts.push(part));
        response.on("end", () => {
          if (response.statusCode !== 200) return reject(new Error(`the gate says ${response.statusCode}`));
          resolve(JSON.parse(Buffer.concat(parts)));
        });
        response.on("error", reject);
      });
      request.on("error", reject);
    });
  }
}

/** The pupils of the school, by class; and the notes of their parents. */
class Lists {
  #classes = new Map();
  #excused = new Set();

  constructor() {
    for (let number = 0; number < CLASSES; number++) {
      const name = `${5 + Math.floor(number / 3)}${"abc"[number % 3]}`;
      const pupils = Array.from({ length: PUPILS }, (_, n) => ({ key: `${name}-${n}`, name: `Pupil ${n}, ${name}` }));
      this.#classes.set(name, pupils);
      this.#excused.add(pupils[number % PUPILS].key);
    }
  }

  get names() {
    return [...this.#classes.keys()];
  }

  of(name) {
    return this.#classes.get(name);
  }

  excused(pupil) {
    return this.#excused.has(pupil.key);
  }
}

class Register {
  constructor(lists, gate) {
    this.lists = lists;
    this.gate = gate;
  }

  /** The pupils of a class in the order of its list, each with what the gate knows. */
  async *present(name) {
    for (const pupil of this.lists.of(name)) { // <- cost
      const excused = this.lists.excused(pupil);
      const passage = excused ? null : await this.gate.passage(pupil); // <- cost
      yield { pupil, excused, passage }; // <- cost
    }
  }

  async page(name) {
    const rows = [];
    let missing = 0;
    for await (const { pupil, excused, passage } of this.present(name)) { // <- cost
      const state = excused ? "excused" : passage.stock === 0 ? "missing" : `since 7:${10 + (passage.price % 50)}`;
      if (state === "missing") missing++;
      rows.push(`<tr class="${state.slice(0, 7)}"><td>${pupil.name}</td><td>${state}</td></tr>`);
    }
    return `<!doctype html><title>${name}</title><h1>${name}: ${missing} missing</h1><table>${rows.join("")}</table>`;
  }
}

/** Times of the last pages, for the log. */
class Times {
  #last = [];

  add(milliseconds) {
    this.#last.push(milliseconds);
    if (this.#last.length > 100) this.#last.shift();
  }

  get median() {
    return [...this.#last].sort((one, other) => one - other)[this.#last.length >> 1] ?? 0;
  }
}

const options = { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] };
const started = execFileSync(python, [services, "http", "15"], options);
const gate = new Gate(Number(started));
const lists = new Lists();
const register = new Register(lists, gate);
const times = new Times();

const server = http.createServer(async (request, response) => {
  const began = performance.now();
  const name = request.url.split("/")[2];
  if (!lists.of(name)) return response.writeHead(404).end();
  try {
    const body = await register.page(name); // <- cost
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Length": Buffer.byteLength(body) });
    response.end(body);
  } catch (error) {
    response.writeHead(502).end(error.message);
  }
  times.add(performance.now() - began);
});

server.listen(0, "127.0.0.1", () => {
  const asked = lists.names.map((name) => `/classes/${name}`).join(",");
  const clients = path.join(path.dirname(services), "clients.py");
  spawn(python, [clients, "http", server.address().port, asked, 2, 2], { stdio: "ignore" });
  console.log("ready", process.pid);
});
setInterval(() => fs.writeSync(log, `${gate.asked} questions, a page takes ${times.median.toFixed(1)} ms\n`), 1000);
