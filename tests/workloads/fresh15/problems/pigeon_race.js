// expect: pattern=hot-loop bench
// Results of a pigeon race: lofts clock their birds in and correct their clocks (HTTP), and four times a second a
// bulletin is made: each bird's place in the whole race, in its section and in its club, by velocity; equal birds
// share a place.
//
// Measured: 4 bulletins a second in both; 0.40 to 0.46 of a core, in the twin 0.05.
'use strict';

const { fork } = require('child_process');
const http = require('http');

const BIRDS = 5200;
const LOFTS = 260;
const CLUBS = 20;
const SECTIONS = ['north', 'east', 'south', 'west'];

// ---- the lofts: a process of their own ----

function lofts(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  let turn = 0;
  const ask = (method, path, body) => {
    const request = http.request({ port, host: '127.0.0.1', method, path, agent }, (answer) => answer.resume());
    request.on('error', () => {});
    request.end(body);
  };
  setInterval(() => {
    turn++;
    const bird = (turn * 1777) % BIRDS;
    ask('POST', `/clockings/${bird}`, JSON.stringify({ seconds: 14000 + ((turn * 311) % 9000) }));
    if (turn % 3 === 0) ask('GET', `/bulletins/${turn % CLUBS}`);
  }, 40);
}

// ---- the race ----

class Bird {
  constructor(ring, loft, metres) {
    this.ring = ring;
    this.loft = loft;
    this.metres = metres;
    this.club = loft % CLUBS;
    this.section = SECTIONS[loft % SECTIONS.length];
    this.velocity = 0;
  }

  clock(seconds) {
    this.velocity = Math.round((this.metres / seconds) * 60 * 1000) / 1000; // metres a minute, as the rules say
  }
}

class Race {
  constructor() {
    this.birds = [];
    for (let i = 0; i < BIRDS; i++) {
      const loft = i % LOFTS;
      const bird = new Bird(`GB23-${10000 + i}`, loft, 310000 + ((loft * 7919) % 90000));
      bird.clock(14000 + ((i * 613) % 9000));
      this.birds.push(bird);
    }
    this.clockings = 0;
  }

  clock(at, seconds) {
    const bird = this.birds[at];
    if (!bird || !(seconds > 0)) return false;
    bird.clock(seconds);
    this.clockings++;
    return true;
  }
}

/** Places within one ranking (the race, a section, a club). */
class Ranking {
  constructor(name, birds) {
    this.name = name;
    this.birds = birds;
  }

  place(bird) {
    let place = 1;
    for (const other of this.birds) { // <- cost
      if (other.velocity > bird.velocity) place++;
    }
    return place;
  }

  places() {
    const places = new Map();
    for (const bird of this.birds) places.set(bird.ring, this.place(bird)); // <- cost
    return places;
  }
}

function grouped(birds, key) {
  const groups = new Map();
  for (const bird of birds) {
    const name = bird[key];
    const group = groups.get(name);
    if (group) group.push(bird);
    else groups.set(name, [bird]);
  }
  return groups;
}

function rankings(birds, key) {
  return [...grouped(birds, key)].map(([name, group]) => new Ranking(name, group));
}

class Bulletin {
  constructor(race) {
    this.race = race;
    this.pages = new Map();
    this.number = 0;
    this.whole = new Ranking('race', race.birds); // who flies for whom does not change during a race
    this.sections = rankings(race.birds, 'section');
    this.clubs = rankings(race.birds, 'club');
  }

  static merge(all) {
    const merged = new Map();
    for (const places of all) for (const [ring, place] of places) merged.set(ring, place);
    return merged;
  }

  make() {
    const whole = this.whole.places();
    const inSection = Bulletin.merge(this.sections.map((ranking) => ranking.places()));
    this.number++;
    for (const club of this.clubs) {
      const inClub = club.places();
      const lines = [];
      for (const bird of club.birds) {
        if (inClub.get(bird.ring) > 12) continue;
        const line = { ring: bird.ring, velocity: bird.velocity, club: inClub.get(bird.ring) };
        line.section = inSection.get(bird.ring);
        line.race = whole.get(bird.ring);
        lines.push(line);
      }
      lines.sort((a, b) => a.club - b.club);
      this.pages.set(club.name, JSON.stringify({ bulletin: this.number, club: club.name, lines }));
    }
  }
}

// ---- the desk ----

function bodyOf(request) {
  return new Promise((resolve, reject) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => resolve(Buffer.concat(parts).toString()));
    request.on('error', reject);
  });
}

async function answer(race, bulletin, request, response) {
  const [, kind, at] = request.url.split('/');
  let status = 404;
  let body = '{}';
  if (kind === 'clockings' && request.method === 'POST') {
    const { seconds } = JSON.parse(await bodyOf(request));
    status = race.clock(Number(at), seconds) ? 200 : 422;
  } else if (kind === 'bulletins' && bulletin.pages.has(Number(at))) {
    status = 200;
    body = bulletin.pages.get(Number(at));
  }
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(body);
}

function main() {
  const race = new Race();
  const bulletin = new Bulletin(race);
  bulletin.make();
  const server = http.createServer((request, response) => {
    answer(race, bulletin, request, response).catch(() => response.destroy());
  });
  setInterval(() => bulletin.make(), 250);
  server.listen(0, '127.0.0.1', () => {
    const words = ['lofts', String(server.address().port)];
    fork(__filename, words, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    console.log(`ready ${process.pid}`);
  });
  if (process.env.FIGURES) {
    setInterval(() => console.error(`${bulletin.number} bulletins, ${race.clockings} clockings`), 5000);
  }
}

if (process.argv[2] === 'lofts') {
  process.on('disconnect', () => process.exit());
  lofts(Number(process.argv[3]));
} else {
  main();
}
