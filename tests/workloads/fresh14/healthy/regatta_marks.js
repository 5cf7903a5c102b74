// expect: healthy bench
/* Tracks the boats of a sailing regatta: positions come in bursts, roundings of the marks are found, and positions and
   standings are written to Redis, from where the boards ashore read them.

   A near miss of a chatty protocol: thousands of small commands, but all of a tick in one write, with one wait at its end.
   Measured: 15 ms of CPU for a tick of 400 boats, and one write with one wait for its 401 commands.
*/
'use strict';
const net = require('node:net');
const { spawn } = require('node:child_process');

const BOATS = 400;
const TICK = 200;
const STEPS = 250;
const MARKS = [[0, 900], [500, 450], [0, 0], [-500, 450]];

class Pipeline {
  constructor(port) {
    this.commands = [];
    this.owed = 0;
    this.done = null;
    this.socket = net.connect(port, '127.0.0.1');
    this.socket.on('data', (data) => this.count(data));
    this.socket.on('error', (error) => console.error(`regatta_marks: ${error.message}`));
  }

  add(...words) {
    let text = `*${words.length}\r\n`;
    for (const word of words) text += `$${Buffer.byteLength(word)}\r\n${word}\r\n`;
    this.commands.push(text);
  }

  // All that was added, in one write; resolves when all of it is answered.
  flush() {
    return new Promise((resolve) => {
      this.owed += this.commands.length;
      this.done = resolve;
      this.socket.write(this.commands.join(''));
      this.commands.length = 0;
    });
  }

  count(data) {
    for (let at = data.indexOf(10); at >= 0; at = data.indexOf(10, at + 1)) this.owed--;
    if (this.owed === 0 && this.done) {
      this.done();
      this.done = null;
    }
  }
}

class Boat {
  constructor(number) {
    this.number = number;
    this.x = (number % 40) * 10 - 200;
    this.y = -50 - (number % 7) * 5;
    this.heading = 0;
    this.speed = 3 + (number % 11) / 10;
    this.leg = 0;
    this.lap = 0;
    this.trail = new Float64Array(128);
    this.at = 0;
  }

  steer(wind) {
    const [mx, my] = MARKS[this.leg];
    const bearing = Math.atan2(mx - this.x, my - this.y);
    const off = Math.abs(Math.atan2(Math.sin(bearing - wind), Math.cos(bearing - wind)));
    const side = (Math.floor(this.y / 80) + this.number) % 2 ? 1 : -1;
    this.heading = off < 0.75 ? wind + side * 0.75 : bearing; // close-hauled boats tack
  }

  sail(seconds, wind) {
    this.steer(wind);
    const run = this.speed * seconds * (0.8 + 0.2 * Math.cos(this.heading - wind));
    this.x += run * Math.sin(this.heading);
    this.y += run * Math.cos(this.heading);
    this.trail[this.at] = this.x;
    this.trail[this.at + 1] = this.y;
    this.at = (this.at + 2) % this.trail.length;
    const [mx, my] = MARKS[this.leg];
    if (Math.hypot(mx - this.x, my - this.y) < 25) this.round();
  }

  round() {
    this.leg = (this.leg + 1) % MARKS.length;
    if (this.leg === 0) this.lap++;
  }

  togo() {
    const [mx, my] = MARKS[this.leg];
    return Math.hypot(mx - this.x, my - this.y) - 1000 * (this.leg + this.lap * MARKS.length);
  }
}

class Race {
  constructor(out) {
    this.out = out;
    this.boats = Array.from({ length: BOATS }, (_, n) => new Boat(n));
    this.order = this.boats.slice();
    this.ticks = 0;
    this.late = 0;
  }

  async tick() {
    const wind = 0.2 * Math.sin(this.ticks / 150);
    for (let step = 0; step < STEPS; step++) {
      for (const boat of this.boats) boat.sail(TICK / 1000 / STEPS * 4, wind);
    }
    this.order.sort((a, b) => a.togo() - b.togo());
    for (const boat of this.boats) {
      this.out.add('SET', `boat:${boat.number}`, `${boat.x.toFixed(1)},${boat.y.toFixed(1)},${boat.leg}`);
    }
    this.out.add('SET', 'standings', this.order.slice(0, 50).map((boat) => boat.number).join(' '));
    await this.out.flush();
    this.ticks++;
  }

  start() {
    let due = Date.now();
    const next = async () => {
      await this.tick();
      due += TICK;
      const rest = due - Date.now();
      if (rest < 0) this.late++;
      setTimeout(next, Math.max(0, rest));
    };
    next();
  }
}

function startStore() {
  return new Promise((resolve, reject) => {
    const helper = spawn(process.env.PYTHON || 'python3', [process.env.SERVICES, 'redis'], { stdio: ['ignore', 'pipe', 'ignore'] });
    helper.on('error', reject);
    helper.stdout.once('data', (text) => resolve(Number(String(text).trim())));
  });
}

async function main() {
  const race = new Race(new Pipeline(await startStore()));
  race.start();
  process.stdout.write(`ready ${process.pid}\n`);
  if (process.env.REGATTA_REPORT) setInterval(() => console.error(race.ticks, race.late), 1000);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
