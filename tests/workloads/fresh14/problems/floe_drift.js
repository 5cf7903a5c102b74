// expect: pattern=gc-pressure bench
// Follows the ice floes of a fjord from a shore radar: each sweep moves every floe by wind and current, keeps its track of
// the last hour, and warns the ferries whose lane a floe will cross.
//
// Measured: 156 against 38 hundredths of CPU in 6 s; by --trace-gc 1.9 s of collections in 6 s (44, mostly scavenges that
// copy all there is) against none; 379 against 86 MB resident.
'use strict';

const FLOES = 9000;
const TRACK = 72;
const SWEEP_MS = 20;
const WIDTH = 12000;
const LANES = [
  { name: 'north quay', from: 1800, to: 2300 },
  { name: 'mail boat', from: 5200, to: 5500 },
  { name: 'pilot', from: 9100, to: 9900 },
];

class Random {
  constructor(seed) {
    this.state = seed;
  }
  next() {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return this.state / 4294967296;
  }
}

class Weather {
  constructor() {
    this.angle = 0.4;
    this.speed = 7;
  }
  advance(sweep) {
    this.angle += 0.002 * Math.sin(sweep / 50);
    this.speed = 7 + 3 * Math.sin(sweep / 120);
  }
  current(x) {
    return 0.3 + 0.2 * Math.sin((x / WIDTH) * Math.PI);
  }
}

const FIRST = Object.freeze({ sweep: 0, x: 0, y: 0, u: 0, v: 0, quality: 1 });

class Track {
  constructor(length) {
    this.points = new Array(length).fill(null);
    this.next = 0;
  }

  add(sweep, x, y, u, v) {
    const before = this.points[(this.next + this.points.length - 1) % this.points.length] || FIRST;
    this.points[this.next] = { ...before, sweep, x, y, u, v }; // <- cost
    this.next = (this.next + 1) % this.points.length;
  }

  /** Metres a sweep, from the oldest position that is kept to the newest. */
  meanDrift() {
    const newest = this.points[(this.next + this.points.length - 1) % this.points.length];
    const oldest = this.points[this.next] || this.points[0];
    const sweeps = newest.sweep - oldest.sweep || 1;
    return (newest.x - oldest.x) / sweeps;
  }
}

class Floe {
  constructor(number, random) {
    this.number = number;
    this.x = random.next() * WIDTH;
    this.y = random.next() * 3000;
    this.area = 4 + random.next() * 200;
    this.track = new Track(TRACK);
  }

  move(sweep, weather, random) {
    const sail = 0.02 * weather.speed * Math.min(1, 30 / this.area);
    const u = weather.current(this.x) + sail * Math.cos(weather.angle) + (random.next() - 0.5) * 0.1;
    const v = sail * Math.sin(weather.angle) + (random.next() - 0.5) * 0.1;
    this.x = (this.x + u + WIDTH) % WIDTH;
    this.y = (this.y + v + 3000) % 3000;
    this.track.add(sweep, this.x, this.y, u, v);
  }
}

class Watch {
  constructor(lanes) {
    this.lanes = lanes;
    this.warnings = new Map(lanes.map((lane) => [lane.name, 0]));
  }

  check(floes) {
    for (const lane of this.lanes) {
      let crossing = 0;
      for (const floe of floes) {
        if (floe.x < lane.from - 400 || floe.x > lane.from) continue;
        const ahead = floe.x + floe.track.meanDrift() * 300;
        if (ahead > lane.from && ahead < lane.to + 400) crossing += 1;
      }
      this.warnings.set(lane.name, crossing);
    }
  }
}

class Radar {
  constructor() {
    this.random = new Random(3);
    this.weather = new Weather();
    this.floes = Array.from({ length: FLOES }, (_, number) => new Floe(number, this.random));
    this.watch = new Watch(LANES);
    this.sweeps = 0;
  }

  sweep() {
    this.sweeps += 1;
    this.weather.advance(this.sweeps);
    for (const floe of this.floes) floe.move(this.sweeps, this.weather, this.random);
    this.watch.check(this.floes);
  }
}

function main() {
  const radar = new Radar();
  for (let i = 0; i < TRACK; i += 1) radar.sweep();
  process.stdout.write(`ready ${process.pid}\n`);
  setInterval(() => radar.sweep(), SWEEP_MS);
  setInterval(() => {
    const told = [...radar.watch.warnings].map(([name, count]) => `${name} ${count}`).join(', ');
    process.stderr.write(`${radar.sweeps} sweeps; ${told}\n`);
  }, 2000);
}

main();
