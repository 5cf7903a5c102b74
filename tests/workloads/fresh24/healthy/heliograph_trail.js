// bench: healthy
// Re-enacts the heliograph lines of the deserts: observers film the mirrors of eight stations, and the cameras send what
// they saw as a stream of pairs: so many milliseconds of light, so many of dark. This reads the streams as they come,
// follows the speed of each signaller's hand, and makes letters, words and messages of them. It is busy, and does little
// for each flash: no objects, no strings before a message has ended.
//
// Measured: 11 % of a core for 10 million flashes a second, RSS 55 MiB.
'use strict';

const { spawn } = require('child_process');
const fs = require('fs');
const net = require('net');

const STATIONS = ['bisbee', 'fort-bowie', 'antelope', 'stein', 'camp-henely', 'crawford', 'swisshelm', 'white-house'];
const FLASH = 4; // bytes: light and dark, in milliseconds
const LONGEST = 240; // letters of a message
const KEPT = 64; // messages
const MORSE = {
  A: '.-', B: '-...', C: '-.-.', D: '-..', E: '.', F: '..-.', G: '--.', H: '....', I: '..', J: '.---', K: '-.-',
  L: '.-..', M: '--', N: '-.', O: '---', P: '.--.', Q: '--.-', R: '.-.', S: '...', T: '-', U: '..-', V: '...-',
  W: '.--', X: '-..-', Y: '-.--', Z: '--..',
};

/** The letter for a path through the code: 1, then a binary digit for each flash. */
const LETTERS = new Uint8Array(32);
for (const [letter, code] of Object.entries(MORSE)) {
  let at = 1;
  for (const sign of code) at = at * 2 + (sign === '-' ? 1 : 0);
  LETTERS[at] = letter.charCodeAt(0);
}

// ---- what was read

class Log {
  constructor(kept) {
    this.messages = new Array(kept).fill(null);
    this.next = 0;
    this.count = 0;
    this.letters = 0;
  }

  add(station, text, unit) {
    this.messages[this.next] = { station, text, unit };
    this.next = (this.next + 1) % this.messages.length;
    this.count++;
    this.letters += text.length;
  }

  /** How many of the kept messages name each station. */
  traffic() {
    const counts = {};
    for (const message of this.messages) {
      if (message) counts[message.station] = (counts[message.station] || 0) + 1;
    }
    return counts;
  }
}

// ---- reading flashes

class Signaller {
  constructor(station, log) {
    this.station = station;
    this.log = log;
    this.unit = 100;
    this.path = 1;
    this.letters = Buffer.alloc(LONGEST);
    this.length = 0;
    this.garbled = 0;
    this.flashes = 0;
  }

  flash(light, dark) {
    this.flashes++;
    const dash = light > this.unit * 2;
    this.unit += ((dash ? light / 3 : light) - this.unit) * 0.02; // the hand tires, or warms up
    this.path = this.path > 0 && this.path < 16 ? this.path * 2 + (dash ? 1 : 0) : 0;
    if (dark > this.unit * 2) {
      this.letter();
      if (dark > this.unit * 12) this.end();
      else if (dark > this.unit * 5) this.put(32);
    }
  }

  letter() {
    const letter = LETTERS[this.path];
    if (letter === 0) this.garbled++;
    this.put(letter || 63);
    this.path = 1;
  }

  put(byte) {
    if (this.length < LONGEST) this.letters[this.length++] = byte;
  }

  end() {
    this.log.add(this.station, this.letters.latin1Slice(0, this.length), this.unit);
    this.length = 0;
  }
}

/** A stream of pairs, which the pieces that come cut anywhere. */
class Line {
  constructor(socket, log) {
    this.socket = socket;
    this.log = log;
    this.signaller = null;
    this.rest = Buffer.alloc(FLASH);
    this.pending = 0;
    socket.on('data', (piece) => this.take(piece));
    socket.on('error', (error) => console.error(this.signaller && this.signaller.station, error.message));
  }

  take(piece) {
    let at = 0;
    if (!this.signaller) {
      const station = STATIONS[piece[0]];
      if (!station) {
        this.socket.destroy();
        return;
      }
      this.signaller = new Signaller(station, this.log);
      at = 1;
    }
    if (this.pending) {
      const wanted = Math.min(FLASH - this.pending, piece.length - at);
      piece.copy(this.rest, this.pending, at, at + wanted);
      this.pending += wanted;
      at += wanted;
      if (this.pending < FLASH) return;
      this.signaller.flash(this.rest.readUInt16LE(0), this.rest.readUInt16LE(2));
    }
    const whole = at + Math.floor((piece.length - at) / FLASH) * FLASH;
    for (; at < whole; at += FLASH) {
      this.signaller.flash(piece[at] | (piece[at + 1] << 8), piece[at + 2] | (piece[at + 3] << 8));
    }
    this.pending = piece.copy(this.rest, 0, at);
  }
}

// ---- the cameras, in a process of their own

function filmed(seed) {
  const words = 'COLUMN WATER NO SIGN OF GERONIMO AT THE PASS SEND MULES DUST WEST'.split(' ');
  const flashes = [];
  for (let n = 0; flashes.length < 400000; n++) {
    const text = Array.from({ length: 6 }, (_, at) => words[(seed + n * 7 + at * 5) % words.length]);
    text.forEach((word, wordAt) => {
      [...word].forEach((letter, letterAt) => {
        [...MORSE[letter]].forEach((sign, signAt) => {
          const shaky = 90 + ((n * 31 + signAt * 17 + letterAt * 7) % 21);
          let gap = signAt + 1 < MORSE[letter].length ? 1 : 3;
          if (gap === 3 && letterAt + 1 === word.length) gap = wordAt + 1 < text.length ? 7 : 20;
          flashes.push(sign === '-' ? shaky * 3 : shaky, gap * shaky);
        });
      });
    });
  }
  return Buffer.from(Uint16Array.from(flashes).buffer);
}

function cameras(port) {
  STATIONS.forEach((_, station) => {
    const film = filmed(station);
    const socket = net.connect(port, '127.0.0.1');
    socket.write(Buffer.from([station]));
    socket.on('error', () => process.exit());
    let at = 0;
    setInterval(() => {
      if (socket.writableLength > 1 << 18) return;
      const end = Math.min(film.length, at + 200001);
      socket.write(film.subarray(at, end));
      at = end % film.length;
    }, 40);
  });
}

function main() {
  const log = new Log(KEPT);
  const server = net.createServer((socket) => new Line(socket, log)).listen(0, '127.0.0.1', () => {
    const words = [process.execPath, __filename, String(server.address().port)];
    spawn('sh', ['-c', '"$0" "$1" "$2" >/dev/null 2>&1 &', ...words], { stdio: 'ignore' });
    setTimeout(() => console.log(`ready ${process.pid}`), 2000);
  });
  setInterval(() => {
    const told = JSON.stringify({ messages: log.count, letters: log.letters, traffic: log.traffic() });
    fs.promises.writeFile('traffic.json', told).catch((error) => console.error(error.message));
    if (process.env.REPORT) console.error(told, log.messages[0]);
  }, 5000);
}

if (process.argv[2]) cameras(Number(process.argv[2]));
else main();
