// expect: pattern=serialization-overhead bench
// The keepers' system of a zoo: feeders, scales, doors and thermometers report what happens in the houses. Each event
// changes the state of its house; the rules look at the house before and after, and raise tasks for the keepers.
// Measured: an event takes 175 us of CPU; 32 us in the twin.
const fs = require("fs");
const os = require("os");
const path = require("path");

const HOUSES = ["apes", "big cats", "aquarium", "aviary", "elephants", "night animals", "reptiles", "penguins"];
const FOODS = ["hay", "fruit", "fish", "pellets", "leaves", "meat", "insects"];
const BURST = 40;
const BEAT = 25;
const TASKS_KEPT = 200;

function dice(seed) {
  let state = seed >>> 0;
  return (most) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 9) % most;
  };
}

const next = dice(1907);

function newAnimal(house, number) {
  return {
    id: `${house}-${number}`,
    born: 1985 + next(38),
    weight: 2 + next(9000) / 10,
    eaten: Object.fromEntries(FOODS.slice(0, 3 + next(4)).map((food) => [food, 0])),
    inside: next(2) === 1,
    notes: [`arrived in ${2000 + next(24)}`, "vaccinated", next(2) ? "shy of visitors" : "trained to the scale"],
  };
}

function newHouse(name) {
  const animals = {};
  for (let number = 0; number < 24 + next(16); number++) {
    const animal = newAnimal(name, number);
    animals[animal.id] = animal;
  }
  return { name, celsius: 22, humidity: 60, doors: { north: false, south: false }, animals, seen: 0 };
}

/** Makes the house after an event; the house before must stay as it is, for the rules. */
function change(house, event) {
  const after = JSON.parse(JSON.stringify(house)); // <- cost
  const animal = after.animals[event.animal];
  switch (event.kind) {
    case "fed":
      animal.eaten[event.food] = (animal.eaten[event.food] ?? 0) + event.grams;
      break;
    case "weighed":
      animal.weight = event.weight;
      break;
    case "moved":
      animal.inside = event.inside;
      break;
    case "climate":
      after.celsius = event.celsius;
      after.humidity = event.humidity;
      break;
    case "door":
      after.doors[event.door] = event.open;
      break;
  }
  after.seen++;
  return after;
}

const RULES = [
  function weightLost(before, after, event) {
    if (event.kind !== "weighed") return null;
    const [was, is] = [before.animals[event.animal].weight, after.animals[event.animal].weight];
    return is < 0.95 * was ? `${event.animal} lost ${(was - is).toFixed(1)} kg` : null;
  },
  function tooWarm(before, after) {
    return before.celsius <= 27 && after.celsius > 27 ? `${after.name}: open the vents` : null;
  },
  function doorLeft(before, after) {
    const open = (house) => Object.values(house.doors).every(Boolean);
    return !open(before) && open(after) ? `${after.name}: both doors stand open` : null;
  },
  function fedEnough(before, after, event) {
    if (event.kind !== "fed") return null;
    const grams = (house) => Object.values(house.animals[event.animal].eaten).reduce((sum, each) => sum + each, 0);
    const day = 20_000;
    return Math.floor(grams(before) / day) < Math.floor(grams(after) / day) ? `${event.animal} has had its day's food` : null;
  },
];

class Zoo {
  #houses = new Map(HOUSES.map((name) => [name, newHouse(name)]));
  #names = new Map([...this.#houses].map(([name, house]) => [name, Object.keys(house.animals)]));
  tasks = [];
  events = 0;

  take(event) {
    const before = this.#houses.get(event.house);
    const after = change(before, event); // <- cost
    this.#houses.set(event.house, after);
    for (const rule of RULES) {
      const task = rule(before, after, event);
      if (task) this.tasks.push(task);
    }
    if (this.tasks.length > TASKS_KEPT) this.tasks.splice(0, this.tasks.length - TASKS_KEPT);
    this.events++;
  }

  /** What a device reports. */
  report() {
    const house = HOUSES[next(HOUSES.length)];
    const names = this.#names.get(house);
    const animal = names[next(names.length)];
    switch (next(8)) {
      case 0:
        return { kind: "climate", house, celsius: 20 + next(90) / 10, humidity: 50 + next(30) };
      case 1:
        return { kind: "door", house, door: next(2) ? "north" : "south", open: next(2) === 1 };
      case 2:
        return { kind: "moved", house, animal, inside: next(2) === 1 };
      case 3: {
        const { weight } = this.#houses.get(house).animals[animal];
        return { kind: "weighed", house, animal, weight: Math.max(1, weight * (0.97 + next(60) / 1000)) };
      }
      default:
        return { kind: "fed", house, animal, food: FOODS[next(FOODS.length)], grams: 50 + next(2500) };
    }
  }
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "keepers"));
const zoo = new Zoo();
let spent = 0;

setInterval(() => {
  const began = performance.now();
  for (let waiting = BURST; waiting > 0; waiting--) zoo.take(zoo.report()); // <- cost
  spent += performance.now() - began;
}, BEAT);
setInterval(() => {
  const state = { events: zoo.events, us: Math.round((1000 * spent) / zoo.events), tasks: zoo.tasks.slice(-20) };
  fs.writeFile(path.join(folder, "tasks.json"), JSON.stringify(state), () => {});
}, 2000);
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => {
    fs.rmSync(folder, { recursive: true, force: true });
    process.exit(0);
  });
}
console.log("ready", process.pid);
