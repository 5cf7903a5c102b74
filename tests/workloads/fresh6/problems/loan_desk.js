// expect: pattern=hot-loop bench
// Answers what other museums ask for their exhibitions: which objects can travel, which are promised elsewhere, which
// bear no light, and what the insurance comes to. The register holds the loans agreed for the coming years.
// Measured: a request costs 2.0 ms (490 a second on a core), nearly all of it to go through the loans; 0.04 ms
// in the twin.
"use strict";
const fs = require("node:fs");

const OBJECTS = 30000;
const LOANS = 9000;
const LIST = 24;
const CLASSES = [
  { name: "robust", rate: 0.0011, rest: 20 },
  { name: "fragile", rate: 0.0024, rest: 60 },
  { name: "paper", rate: 0.0018, rest: 180 },
];
const BORROWERS = ["Basel", "Bergen", "Gent", "Graz", "Leiden", "Porto", "Tartu", "Turin"];

let seed = 20231;
function random(limit) {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return Math.floor((seed / 4294967296) * limit);
}

class Collection {
  constructor() {
    this.objects = new Map();
    for (let number = 0; number < OBJECTS; number++) {
      const kind = CLASSES[number % CLASSES.length];
      this.objects.set(`INV ${number}`, { kind, value: 500 + random(80000), lux: 50 + 50 * (number % 4) });
    }
  }

  find(inventory) {
    const found = this.objects.get(inventory);
    if (!found) throw new Error(`${inventory} is not in the collection`);
    return found;
  }
}

class LoanRegister {
  constructor(collection) {
    this.collection = collection;
    this.loans = [];
    while (this.loans.length < LOANS) {
      const start = random(1500);
      this.agree(`INV ${random(OBJECTS)}`, BORROWERS[random(8)], start, start + 40 + random(120));
    }
  }

  agree(inventory, borrower, start, end) {
    this.loans.push({ inventory, borrower, start, end });
  }

  // An object rests between two journeys, for how long depends on what it is made of.
  conflict(inventory, start, end) {
    const { rest } = this.collection.find(inventory).kind;
    return this.loans.find( // <- cost
      (loan) => loan.inventory === inventory && loan.start - rest < end && start < loan.end + rest, // <- cost
    );
  }

  closeYear(day) {
    const kept = this.loans.filter((loan) => loan.end >= day);
    while (kept.length < LOANS) {
      const start = day + random(1500);
      const [inventory, borrower] = [`INV ${random(OBJECTS)}`, BORROWERS[random(8)]];
      kept.push({ inventory, borrower, start, end: start + 40 + random(120) });
    }
    this.loans = kept;
  }
}

class Desk {
  constructor(collection, register) {
    this.collection = collection;
    this.register = register;
    this.answered = 0;
    this.refused = 0;
  }

  answer(request) {
    const lent = [];
    const refused = [];
    for (const inventory of request.wanted) { // <- cost
      const promised = this.register.conflict(inventory, request.start, request.end); // <- cost
      if (promised) {
        refused.push({ inventory, reason: `promised to ${promised.borrower} until ${promised.end}` });
      } else if (this.collection.find(inventory).lux < request.lux) {
        refused.push({ inventory, reason: "too bright a room" });
      } else {
        lent.push(inventory);
      }
    }
    this.answered++;
    this.refused += refused.length;
    const premium = this.premium(lent, request.end - request.start);
    const crates = this.crates(lent);
    return JSON.stringify({ borrower: request.borrower, lent, refused, premium, crates });
  }

  premium(lent, days) {
    const parts = lent.map((inventory) => {
      const { kind, value } = this.collection.find(inventory);
      return value * kind.rate * Math.sqrt(1 + days / 90);
    });
    return Number(parts.reduce((sum, part) => sum + part, 0).toFixed(2));
  }

  // What is alike travels together, the dearest first.
  crates(lent) {
    const sorted = lent.map((inventory) => [inventory, this.collection.find(inventory)]);
    sorted.sort(([, a], [, b]) => a.kind.rest - b.kind.rest || b.value - a.value);
    const crates = [];
    for (let at = 0; at < sorted.length; at += 6) crates.push(sorted.slice(at, at + 6).map(([inventory]) => inventory));
    return crates;
  }
}

function nextRequest(day) {
  const start = day + 90 + random(900);
  const wanted = Array.from({ length: LIST }, () => `INV ${random(OBJECTS)}`);
  return { borrower: BORROWERS[random(8)], start, end: start + 60 + random(100), lux: 50 + 50 * random(3), wanted };
}

const collection = new Collection();
const register = new LoanRegister(collection);
const desk = new Desk(collection, register);
const out = fs.openSync("answers.jsonl", "a");
let [day, told, since] = [0, performance.now(), 0];

function work() {
  const answers = [];
  for (let number = 0; number < 100; number++) answers.push(desk.answer(nextRequest(day)));
  fs.writeSync(out, `${answers.join("\n")}\n`);
  const now = performance.now();
  if (now - told > 2000) {
    fs.writeFileSync("desk.log", `${((1000 * (desk.answered - since)) / (now - told)).toFixed(0)} requests a second\n`);
    fs.ftruncateSync(out);
    [told, since] = [now, desk.answered];
    register.closeYear((day += 5));
  }
  setImmediate(work);
}

console.log("ready", process.pid);
work();
