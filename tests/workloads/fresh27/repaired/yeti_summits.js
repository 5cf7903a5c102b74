// expect: healthy bench
// Spectator server of "Yeti Summits", a climbing race on one mountain: the race moves on twenty times a second, and each
// spectator who has asked for the next frame (a line "next <view>") gets it as a line of JSON and an empty line.
// Measured: before, 80 spectators and 260 yetis take 0.44 cores, 80 MB; here 0.07 cores, 54 MB.
'use strict';
const net = require('net');
const path = require('path');
const { execFileSync } = require('child_process');

const FRAME_MS = 50;
const YETIS = 260;
const SPECTATORS = 80;

class Mountain {
  constructor() {
    this.frame = 0;
    this.wind = { from: 210, knots: 14 };
    this.yetis = [];
    for (let i = 0; i < YETIS; i++) {
      this.yetis.push({
        id: i,
        name: `yeti-${(i * 7919) % 9973}`,
        team: ['glacier', 'scree', 'cornice', 'moraine'][i % 4],
        x: (i * 37) % 900,
        y: (i * 61) % 400,
        altitude: 2400 + (i % 50),
        stamina: 1,
        rope: { length: 40, anchored: i % 3 === 0 },
        state: 'climbing',
      });
    }
  }

  advance(seconds) {
    this.frame++;
    this.wind.knots = 14 + 6 * Math.sin(this.frame / 90);
    for (const yeti of this.yetis) {
      if (yeti.state === 'resting') {
        yeti.stamina += 0.12 * seconds;
        if (yeti.stamina >= 1) yeti.state = 'climbing';
        continue;
      }
      const pace = yeti.stamina * (0.6 + 0.4 * Math.random());
      yeti.altitude += pace * 9 * seconds;
      yeti.x += (Math.random() - 0.5) * this.wind.knots * seconds;
      yeti.y += (Math.random() - 0.5) * 4 * seconds;
      yeti.stamina -= 0.05 * seconds * (1 + this.wind.knots / 40);
      if (yeti.stamina <= 0.2) yeti.state = 'resting';
      if (yeti.altitude >= 4800) {
        yeti.altitude = 2400;
        yeti.rope.anchored = !yeti.rope.anchored;
      }
    }
  }

  snapshot() {
    return { frame: this.frame, wind: this.wind, yetis: this.yetis };
  }
}

class Spectator {
  constructor(socket, number) {
    this.socket = socket;
    this.number = number;
    this.view = 'summit';
    this.waiting = false;
    this.sent = 0;
    this.partial = '';
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text) => this.take(text));
  }

  take(text) {
    const lines = (this.partial + text).split('\n');
    this.partial = lines.pop();
    for (const line of lines) {
      const [word, view] = line.split(' ');
      if (word !== 'next') continue;
      this.view = view || this.view;
      this.waiting = true;
    }
  }

  show(world) {
    this.waiting = false;
    this.sent++;
    this.socket.cork();
    this.socket.write(`{"you":${this.number},"view":${JSON.stringify(this.view)},"sent":${this.sent},"world":`);
    this.socket.write(world);
    this.socket.uncork();
  }
}

class Stand {
  constructor(mountain) {
    this.mountain = mountain;
    this.spectators = new Set();
    this.served = 0;
    this.admitted = 0;
  }

  admit(socket) {
    const spectator = new Spectator(socket, ++this.admitted);
    this.spectators.add(spectator);
    const leave = () => this.spectators.delete(spectator);
    socket.on('close', leave);
    socket.on('error', leave);
  }

  tick() {
    this.mountain.advance(FRAME_MS / 1000);
    const world = Buffer.from(JSON.stringify(this.mountain.snapshot()) + '}\n\n');
    for (const spectator of this.spectators) {
      if (!spectator.waiting) continue;
      spectator.show(world);
      this.served++;
    }
  }
}

function startSpectators(port) {
  const clients = path.join(path.dirname(process.env.SERVICES), 'clients.py');
  const views = ['next summit', 'next north', 'next camps'].join(',');
  execFileSync(process.env.PYTHON, [clients, 'lines', String(port), views, String(SPECTATORS), '0'], { stdio: 'ignore' });
}

function main() {
  const stand = new Stand(new Mountain());
  const server = net.createServer((socket) => stand.admit(socket));
  server.listen(0, '127.0.0.1', () => {
    startSpectators(server.address().port);
    setInterval(() => stand.tick(), FRAME_MS);
    setTimeout(() => process.stdout.write(`ready ${process.pid}\n`), 1500);
  });
}

main();
