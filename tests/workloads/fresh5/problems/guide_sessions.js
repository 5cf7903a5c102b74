// expect: pattern=memory-growth bench
// Guides visitors of a museum by sound: where they stand, what they hear, whom they came with, and what to see next.
// Measured: grows by 1.6 MB a second, to 144 MB after 40 s; the twin stays at 85 MB after the first 15 s.
"use strict";
const { EventEmitter } = require("events");
const fs = require("fs");

const ROOMS = 40;
const ARRIVALS = 60; // each tick
const TICK = 50; // milliseconds
const STAY = 12; // ticks
const TRACE = 100;

class Log {
  constructor(path) {
    this.file = fs.openSync(path, "w");
    this.began = Date.now();
  }
  say(text) {
    fs.writeSync(this.file, `${Date.now() - this.began} ${text}\n`);
  }
}

class Visitor {
  constructor(number, language) {
    this.number = number;
    this.language = language;
    this.room = 0;
    this.heard = [];
    this.trace = new Float64Array(TRACE); // <- cost
    this.steps = 0;
  }

  walk(room) {
    this.room = room;
    this.trace[this.steps++ % TRACE] = room + (this.number % 10) / 10;
    if ((this.number + this.steps) % 3 === 0) this.heard.push({ room, language: this.language, seconds: 30 + (room % 9) * 5 });
  }
}

/** Who came together, so that a guide can tell them where the others are. */
class Groups {
  constructor() {
    this.members = new Map(); // <- cost
  }

  join(name, visitor) {
    const group = this.members.get(name);
    if (group) group.push(visitor); // <- cost
    else this.members.set(name, [visitor]); // <- cost
  }

  leave(name, visitor) {
    visitor.room = -1;
    const group = this.members.get(name);
    return group.filter((one) => one.room >= 0).length;
  }

  others(name, visitor) {
    return this.members.get(name).filter((one) => one !== visitor && one.room >= 0);
  }
}

class House extends EventEmitter {
  constructor() {
    super();
    this.inside = new Map();
    this.groups = new Groups();
    this.crowd = new Array(ROOMS).fill(0);
    this.next = 0;
  }

  enter(tick) {
    const number = this.next++;
    const visitor = new Visitor(number, ["en", "fr", "ja", "fi"][number % 4]);
    const group = `group-${Math.floor(number / 3)}`;
    this.inside.set(number, { visitor, group, until: tick + STAY + (number % 20) });
    this.groups.join(group, visitor); // <- cost
    this.crowd[0]++;
  }

  move(tick) {
    for (const [number, { visitor, group, until }] of this.inside) {
      this.crowd[visitor.room]--;
      if (tick >= until) {
        this.inside.delete(number);
        const left = this.groups.leave(group, visitor); // <- cost
        this.emit("left", visitor, left);
        continue;
      }
      visitor.walk(this.suggest(visitor, group));
      this.crowd[visitor.room]++;
    }
  }

  /** Where the others are, or the emptier one of two rooms. */
  suggest(visitor, group) {
    const friends = this.groups.others(group, visitor);
    if (friends.length && visitor.steps % 4 === 0) return friends[0].room;
    const one = (visitor.room + 1) % ROOMS;
    const other = (visitor.room * 7 + visitor.number) % ROOMS;
    return this.crowd[one] <= this.crowd[other] ? one : other;
  }
}

function main() {
  const log = new Log("guide.log");
  const house = new House();
  let alone = 0;
  let heard = 0;
  house.on("left", (visitor, left) => {
    heard += visitor.heard.length;
    if (left === 0) alone++;
  });
  let tick = 0;
  setInterval(() => {
    tick++;
    for (let number = 0; number < ARRIVALS; number++) house.enter(tick);
    house.move(tick);
  }, TICK);
  setInterval(() => {
    const megabytes = Math.round(process.memoryUsage().rss / 1048576);
    log.say(`${house.next} came, ${house.inside.size} inside, ${alone} groups gone, ${heard} heard, ${megabytes} MB`);
  }, 1000);
  console.log("ready", process.pid);
}

main();
