// expect: healthy bench
// Pushes the departures of an airport to its screens: takes changes in bursts, once a second, works out what each
// screen shows, and sends those whose rows changed a small event over a connection that stays open (SSE).
// Measured: 1 % of a core; bursts, once a second, of 20 to 30 events of 700 bytes.
"use strict";
const http = require("http");
const fs = require("fs");
const { once } = require("events");
const { fork } = require("child_process");

const SCREENS = 60;
const ROWS = 12;
const PIERS = ["A", "B", "C", "D", "E"];

/** The flights of a day, kept in the order in which they leave. */
class Timetable {
  constructor(count) {
    this.state = 17;
    this.flights = Array.from({ length: count }, (_, number) => this.flight(number, this.below(1440)));
    this.flights.sort((one, other) => one.minute - other.minute);
    this.clock = 0;
  }

  below(limit) {
    this.state = (Math.imul(this.state, 1103515245) + 12345) >>> 0;
    return (this.state >>> 8) % limit;
  }

  flight(number, minute) {
    return { number: `DX${1000 + number}`, pier: PIERS[number % 5], gate: 1 + (number % 24), minute, late: 0 };
  }

  /** One burst: time goes on by a minute, and some flights are late or change their gate. */
  move() {
    this.clock = (this.clock + 1) % 1440;
    for (let i = 0; i < 25; i++) {
      const flight = this.flights[this.below(this.flights.length)];
      if (i % 5 === 0) flight.gate = 1 + this.below(24);
      else flight.late = this.below(9) * 5;
    }
  }

  /** For each pier, what leaves next. */
  next() {
    const shown = new Map(PIERS.map((pier) => [pier, []]));
    const { flights, clock } = this;
    const first = flights.findIndex((flight) => flight.minute + flight.late >= clock);
    for (let i = 0; i < flights.length; i++) {
      const flight = flights[(Math.max(first, 0) + i) % flights.length];
      const rows = shown.get(flight.pier);
      if (rows.length < ROWS) rows.push(flight);
    }
    return shown;
  }
}

const two = (number) => String(number).padStart(2, "0");
const clock = (minute) => `${two(Math.floor(minute / 60) % 24)}:${two(minute % 60)}`;

class Board {
  constructor(timetable) {
    this.timetable = timetable;
    this.screens = new Map(PIERS.map((pier) => [pier, new Set()]));
    this.last = new Map();
    this.events = 0;
    this.skipped = 0;
  }

  attach(request, response) {
    const pier = request.url.slice(1);
    const screens = this.screens.get(pier);
    if (!screens) return response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write(this.last.get(pier) ?? ": welcome\n\n");
    screens.add(response);
    response.on("close", () => screens.delete(response));
  }

  text(rows) {
    const lines = rows.map((flight) => ({
      flight: flight.number,
      at: clock(flight.minute),
      gate: `${flight.pier}${flight.gate}`,
      note: flight.late ? `expected ${clock(flight.minute + flight.late)}` : "",
    }));
    return `data: ${JSON.stringify(lines)}\n\n`;
  }

  push() {
    this.timetable.move();
    for (const [pier, rows] of this.timetable.next()) {
      const event = this.text(rows);
      if (event === this.last.get(pier)) continue;
      this.last.set(pier, event);
      for (const screen of this.screens.get(pier)) {
        if (screen.writableNeedDrain) this.skipped++; // (it gets the next one)
        else screen.write(event);
        this.events++;
      }
    }
  }
}

/** The screens: a process of its own. */
function show(port) {
  const agent = new http.Agent({ keepAlive: true });
  for (let i = 0; i < SCREENS; i++) {
    http.get({ port, agent, path: `/${PIERS[i % 5]}` }, (response) => response.resume());
  }
  process.on("disconnect", () => process.exit());
}

async function main() {
  const board = new Board(new Timetable(1200));
  const server = http.createServer((request, response) => board.attach(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  fork(__filename, [], { env: { ...process.env, BOARD_PORT: server.address().port } });
  const log = fs.createWriteStream("board.log");
  setInterval(() => board.push(), 1000);
  setInterval(() => log.write(`${board.events} events, ${board.skipped} skipped\n`), 10_000);
  console.log("ready", process.pid);
}

if (process.env.BOARD_PORT) show(Number(process.env.BOARD_PORT));
else main();
