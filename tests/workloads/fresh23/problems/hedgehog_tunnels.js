// expect: pattern=serialization-overhead bench
// Footprint tunnels for hedgehogs: a tunnel sends what its ink pads printed in a night, volunteers' boards read the
// tallies. A night goes from stage to stage over a bus: cleaned of smudges, told by species, joined to walks, archived.
//
// Measured: 47 to 51 % of a core for 125 nights a second; in the twin 17 %, of which some 5 % read what comes in.
'use strict';

const { spawnSync } = require('child_process');
const fs = require('fs');
const http = require('http');

const TUNNELS = 40;
const PRINTS = 420;
const NIGHTS_A_SECOND = 125;

const SPECIES = [
  { name: 'hedgehog', length: 28, width: 31, toes: 5 },
  { name: 'rat', length: 21, width: 19, toes: 4 },
  { name: 'stoat', length: 24, width: 20, toes: 5 },
  { name: 'toad', length: 15, width: 22, toes: 4 },
  { name: 'cat', length: 36, width: 34, toes: 4 },
];

// ---- the bus between the stages

class Bus {
  constructor() {
    this.subscribers = new Map();
    this.published = 0;
  }

  subscribe(topic, handler) {
    const handlers = this.subscribers.get(topic) || [];
    this.subscribers.set(topic, [...handlers, handler]);
  }

  /** Each subscriber gets a message of its own, later. */
  publish(topic, message) {
    const envelope = JSON.stringify({ topic, at: Date.now(), message }); // <- cost
    this.published++;
    for (const handler of this.subscribers.get(topic) || []) setImmediate(() => this.deliver(handler, envelope));
  }

  deliver(handler, envelope) {
    const { topic, message } = JSON.parse(envelope); // <- cost
    try {
      handler(message);
    } catch (error) {
      console.error(`${topic}: ${error.message}`);
    }
  }
}

// ---- the stages

class Cleaner {
  constructor(bus) {
    this.bus = bus;
    bus.subscribe('night.received', (night) => this.clean(night));
  }

  clean({ tunnel, night, prints }) {
    const clear = prints.filter((print) => print.ink > 0.12 && print.toes > 2);
    this.bus.publish('night.cleaned', { tunnel, night, smudged: prints.length - clear.length, prints: clear });
  }
}

class Identifier {
  constructor(bus) {
    this.bus = bus;
    bus.subscribe('night.cleaned', (night) => this.identify(night));
  }

  static species(print) {
    let best = null;
    let least = Infinity;
    for (const kind of SPECIES) {
      const off = Math.abs(kind.length - print.length) + Math.abs(kind.width - print.width) + 4 * Math.abs(kind.toes - print.toes);
      if (off < least) [best, least] = [kind, off];
    }
    return least < 14 ? best.name : 'unknown';
  }

  identify(night) {
    const prints = night.prints.map((print) => ({ ...print, species: Identifier.species(print) }));
    this.bus.publish('night.identified', { ...night, prints });
  }
}

class Tracker {
  constructor(bus) {
    this.bus = bus;
    bus.subscribe('night.identified', (night) => this.join(night));
  }

  /** Prints of one species that come within 40 s of each other are a walk. */
  join(night) {
    const open = new Map();
    const walks = [];
    for (const print of night.prints) {
      let walk = open.get(print.species);
      if (!walk || print.t - walk.until > 40) {
        walk = { species: print.species, from: print.t, until: print.t, prints: [] };
        open.set(print.species, walk);
        walks.push(walk);
      }
      walk.until = print.t;
      walk.prints.push(print);
    }
    this.bus.publish('night.walked', { tunnel: night.tunnel, night: night.night, smudged: night.smudged, walks });
  }
}

class Archive {
  constructor(bus, path) {
    this.lines = fs.createWriteStream(path);
    bus.subscribe('night.walked', (night) => this.add(night));
  }

  add({ tunnel, night, walks }) {
    const longest = walks.reduce((most, walk) => Math.max(most, walk.prints.length), 0);
    this.lines.write(`${tunnel},${night},${walks.length},${longest}\n`);
  }
}

class Tallies {
  constructor(bus) {
    this.tunnels = new Map();
    bus.subscribe('night.walked', (night) => this.count(night));
  }

  count({ tunnel, smudged, walks }) {
    const tally = this.tunnels.get(tunnel) || { nights: 0, smudged: 0, walks: {} };
    tally.nights++;
    tally.smudged += smudged;
    for (const { species } of walks) tally.walks[species] = (tally.walks[species] || 0) + 1;
    this.tunnels.set(tunnel, tally);
  }
}

// ---- the server

function read(request, limit = 1 << 20) {
  return new Promise((resolve, reject) => {
    const parts = [];
    let size = 0;
    request.on('data', (part) => {
      size += part.length;
      if (size > limit) return reject(new RangeError('too large'));
      return parts.push(part);
    });
    request.on('end', () => resolve(Buffer.concat(parts)));
    request.on('error', reject);
  });
}

async function answer(request, bus, tallies) {
  const [, what, tunnel] = request.url.split('/');
  if (what !== 'tunnels' || !tunnel) return [404, { error: 'not found' }];
  if (request.method === 'GET') {
    const tally = tallies.tunnels.get(tunnel);
    return tally ? [200, tally] : [404, { error: 'no such tunnel' }];
  }
  const { night, prints } = JSON.parse(await read(request));
  if (!Array.isArray(prints)) return [400, { error: 'prints are missing' }];
  bus.publish('night.received', { tunnel, night, prints });
  return [202, { accepted: prints.length }];
}

function serve(bus, tallies) {
  return http.createServer(async (request, response) => {
    let status;
    let value;
    try {
      [status, value] = await answer(request, bus, tallies);
    } catch (error) {
      [status, value] = [error instanceof RangeError ? 413 : 400, { error: error.message }];
    }
    const body = JSON.stringify(value);
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  });
}

// ---- tunnels and boards, in a process of their own

function printsOf(night) {
  return Array.from({ length: PRINTS }, (_, n) => {
    const kind = SPECIES[(night + (n >> 4)) % SPECIES.length];
    const wobble = (n * 7919 + night * 104729) % 13;
    return {
      t: n * 11 + (n % 23 ? 0 : 90),
      x: Number((wobble * 7.31 + n / 9).toFixed(3)),
      y: Number((n * 1.618).toFixed(3)),
      length: kind.length + wobble / 4,
      width: kind.width - wobble / 5,
      toes: kind.toes,
      ink: Number((0.1 + wobble / 15).toFixed(3)),
      pads: [wobble, wobble + 3, 2 * wobble, 7],
    };
  });
}

function visitors(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 24 });
  const nights = Array.from({ length: 25 }, (_, night) => Buffer.from(JSON.stringify({ night, prints: printsOf(night) })));
  const sums = { answered: 0, waited: 0 };
  let open = 0;
  const ask = (method, path, body) => {
    if (open >= 24) return;
    open++;
    const from = performance.now();
    const headers = body ? { 'Content-Type': 'application/json', 'Content-Length': body.length } : {};
    const request = http.request({ port, host: '127.0.0.1', agent, method, path, headers }, (response) => {
      response.resume().on('end', () => {
        open--;
        sums.answered++;
        sums.waited += performance.now() - from;
      });
    });
    request.on('error', (error) => (error.code === 'ECONNREFUSED' ? process.exit() : open--));
    request.end(body);
  };
  const started = performance.now();
  let sent = 0;
  setInterval(() => {
    const due = ((performance.now() - started) / 1000) * NIGHTS_A_SECOND;
    for (; sent < due; sent++) ask('POST', `/tunnels/t${(sent * 7) % TUNNELS}`, nights[sent % nights.length]);
  }, 8);
  setInterval(() => ask('GET', `/tunnels/t${sent % TUNNELS}`), 50);
  setInterval(() => {
    if (!process.env.REPORT) return;
    fs.appendFileSync(process.env.REPORT, `${sums.answered} answered, ${(sums.waited / sums.answered).toFixed(1)} ms\n`);
  }, 5000);
}

function main() {
  const bus = new Bus();
  const tallies = new Tallies(bus);
  const stages = [new Cleaner(bus), new Identifier(bus), new Tracker(bus), new Archive(bus, 'walks.csv')];
  const server = serve(bus, tallies).listen(0, '127.0.0.1', () => {
    const env = { ...process.env, LOAD_PORT: String(server.address().port) };
    spawnSync('sh', ['-c', '"$0" "$1" >/dev/null 2>&1 &', process.execPath, __filename], { env, stdio: 'ignore' });
    setTimeout(() => console.log(`ready ${process.pid}`), 2500);
  });
  server.keepAliveTimeout = 65000;
  process.on('exit', () => console.error(`${stages.length} stages, ${bus.published} messages`));
}

if (process.env.LOAD_PORT) visitors(Number(process.env.LOAD_PORT));
else main();
