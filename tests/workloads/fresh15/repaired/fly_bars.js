// expect: healthy bench
// The fly desk of a theatre: scenery hangs from bars, each on a winch. Tablets around the stage ask the desk (HTTP)
// where a bar is and how it is loaded, run cues, and read the plot. The winch rack is a device that is spoken to in
// lines, over a pair of device files (named pipes here); it answers each line after 7 ms.
//
// Measured: nine of ten answers within 16 to 29 ms, in the twin within 9 to 11 ms (357 to 411 answers in 5 s). The
// event loop waits the rack's 7 ms for each of some 75 commands a second (reckoned from the load). CPU 5 % of a
// core in both.
'use strict';

const { execFileSync, fork } = require('child_process');
const fs = require('fs');
const http = require('http');
const net = require('net');

const BARS = 36;
const CUES = 24;
const COMMANDS = 'rack.in';
const ANSWERS = 'rack.out';

// ---- the winch rack: a process of its own ----

function rack() {
  const heights = Array.from({ length: BARS }, (_, bar) => (bar * 37) % 9);
  const flags = fs.constants.O_RDWR | fs.constants.O_NONBLOCK;
  const answers = new net.Socket({ fd: fs.openSync(ANSWERS, flags), readable: false, writable: true });
  const commands = new net.Socket({ fd: fs.openSync(COMMANDS, flags), readable: true, writable: false });
  let rest = '';
  commands.on('data', (bytes) => {
    const lines = (rest + bytes).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      setTimeout(() => {
        const [verb, bar, height] = line.split(' ');
        if (verb === 'MOVE') heights[bar] = Number(height);
        answers.write(`${bar} ${heights[bar].toFixed(2)} ${120 + ((bar * 53) % 200)}\n`);
      }, 7);
    }
  });
}

// ---- the tablets: a process of their own ----

function tablets(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 24 });
  const waits = [];
  let turn = 0;
  const path = () => {
    turn++;
    if (turn % 10 === 0) return `/cues/${turn % CUES}`;
    return turn % 5 === 1 ? '/plot' : `/bars/${(turn * 7) % BARS}`;
  };
  setInterval(() => {
    const began = process.hrtime.bigint();
    http.get({ port, host: '127.0.0.1', path: path(), agent }, (answer) => {
      answer.resume();
      answer.on('end', () => waits.push(Number(process.hrtime.bigint() - began) / 1e6));
    }).on('error', () => {});
  }, 12);
  setInterval(() => {
    const sorted = waits.splice(0).sort((a, b) => a - b);
    if (!process.env.FIGURES || !sorted.length) return;
    const at = (part) => sorted[Math.floor(sorted.length * part)].toFixed(1);
    console.error(`${sorted.length} answers, half within ${at(0.5)} ms, nine of ten within ${at(0.9)} ms`);
  }, 5000);
}

// ---- the desk ----

/** Speaks to the rack: a line out, a line in, in order. */
class RackLink {
  constructor(commands, answers) {
    const flags = fs.constants.O_RDWR | fs.constants.O_NONBLOCK;
    this.commands = new net.Socket({ fd: fs.openSync(commands, flags), readable: false, writable: true });
    this.answers = new net.Socket({ fd: fs.openSync(answers, flags), readable: true, writable: false });
    this.answers.setEncoding('latin1');
    this.answers.on('data', (text) => this.take(text));
    this.rest = '';
    this.waiting = [];
  }

  ask(...words) {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.commands.write(`${words.join(' ')}\n`);
    });
  }

  take(text) {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop();
    for (const line of lines) this.waiting.shift()(line);
  }
}

/** The bars as the stage sees them. */
class Bars {
  constructor(link) {
    this.link = link;
    this.known = (bar) => Number.isInteger(bar) && bar >= 0 && bar < BARS;
  }

  static told(line) {
    const [bar, height, load] = line.split(' ').map(Number);
    return { bar, height, load, heavy: load > 280 };
  }

  async where(bar) {
    return Bars.told(await this.link.ask('WHERE', bar));
  }

  async move(bar, height) {
    return Bars.told(await this.link.ask('MOVE', bar, height));
  }
}

/** The plot of the evening: which bars move in which cue, and to what height. */
function makePlot() {
  const plot = [];
  for (let cue = 0; cue < CUES; cue++) {
    const moves = [0, 1].map((i) => ({ bar: (cue * 5 + i * 11) % BARS, height: (cue + i * 3) % 9 }));
    plot.push({ cue, name: `cue ${cue}`, moves });
  }
  return plot;
}

class Desk {
  constructor(bars, plot) {
    this.bars = bars;
    this.plot = plot;
    this.page = JSON.stringify(plot);
    this.routes = { bars: (at) => this.bar(at), cues: (at) => this.cue(at), plot: () => this.page };
  }

  async bar(at) {
    if (!this.bars.known(at)) return null;
    return JSON.stringify(await this.bars.where(at));
  }

  async cue(at) {
    const cue = this.plot[at];
    if (!cue) return null;
    const moved = await Promise.all(cue.moves.map((move) => this.bars.move(move.bar, move.height)));
    return JSON.stringify({ cue: cue.name, moved });
  }

  async answer(request, response) {
    const [, kind, at] = request.url.split('/');
    const route = this.routes[kind];
    const body = route ? await route(Number(at)) : null;
    response.writeHead(body === null ? 404 : 200, { 'Content-Type': 'application/json' });
    response.end(body === null ? '{}' : body);
  }
}

function beside(role, ...words) {
  return fork(__filename, [role, ...words], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

function main() {
  execFileSync('mkfifo', [COMMANDS, ANSWERS]);
  const desk = new Desk(new Bars(new RackLink(COMMANDS, ANSWERS)), makePlot());
  beside('rack');
  const server = http.createServer((request, response) => {
    desk.answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1', () => {
    beside('tablets', String(server.address().port));
    setTimeout(() => console.log(`ready ${process.pid}`), 800);
  });
}

const [, , role, word] = process.argv;
if (role) process.on('disconnect', () => process.exit());
if (role === 'rack') rack();
else if (role === 'tablets') tablets(Number(word));
else main();
