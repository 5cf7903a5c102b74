// expect: healthy bench
// Gateway for the handheld radios of the okapi keepers in a forest reserve. Radios connect over TCP, say who they are,
// report tracks and get the messages of their valley. A radio that loses its line comes back within seconds and asks
// for what it has missed; each connection is given a session number for that.
//
// Measured: over a minute, twice: rss 74 to 230 MB with the problem, at a steady 2.7 MB a second at the end; in the twin it
// swings between 100 and 132 MB, with the collections of the heap (15 to 63 MB), and is at 106 MB at the end.
'use strict';

const { spawn } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const net = require('net');
const readline = require('readline');

const VALLEYS = 8;
const KEPT_MESSAGES = 60;
const RESUME_WITHIN = 3000;

class Session {
  constructor(radio, valley) {
    this.id = crypto.randomUUID();
    this.radio = radio;
    this.valley = valley;
    this.socket = null;
    this.sequence = 0;
    this.missed = [];
    this.tracks = [];
    this.leftAt = 0;
    this.expiry = null;
  }

  attach(socket) {
    clearTimeout(this.expiry);
    this.socket = socket;
    this.leftAt = 0;
  }

  detach() {
    this.socket = null;
    this.leftAt = Date.now();
  }

  deliver(text, from) {
    this.sequence += 1;
    const message = { sequence: this.sequence, from, at: Date.now(), text };
    this.missed.push(message);
    if (this.missed.length > KEPT_MESSAGES) this.missed.shift();
    if (this.socket) this.socket.write(`${JSON.stringify(message)}\n`);
  }
}

class Gateway {
  constructor() {
    this.sessions = new Map();
    this.valleys = Array.from({ length: VALLEYS }, () => new Set());
    this.tracks = 0;
  }

  open(socket, hello) {
    const known = this.sessions.get(hello.resume);
    if (known && !known.socket && Date.now() - known.leftAt < RESUME_WITHIN) {
      known.attach(socket);
      this.valleys[known.valley].add(known);
      for (const message of known.missed) {
        if (message.sequence > hello.last) socket.write(`${JSON.stringify(message)}\n`);
      }
      return known;
    }
    const session = new Session(hello.radio, hello.valley % VALLEYS);
    session.attach(socket);
    this.sessions.set(session.id, session);
    this.valleys[session.valley].add(session);
    socket.write(`${JSON.stringify({ session: session.id })}\n`);
    return session;
  }

  report(session, track) {
    this.tracks += 1;
    session.tracks.push({ at: Date.now(), ...track });
    if (track.kind === 'okapi') {
      const text = `okapi at ${track.east.toFixed(3)} ${track.north.toFixed(3)}, seen by ${session.radio}`;
      for (const other of this.valleys[session.valley]) {
        if (other !== session) other.deliver(text, session.radio);
      }
    }
  }

  close(session) {
    this.valleys[session.valley].delete(session);
    session.detach();
    session.expiry = setTimeout(() => this.sessions.delete(session.id), RESUME_WITHIN);
  }

  serve(socket) {
    let session = null;
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    const lines = readline.createInterface({ input: socket, crlfDelay: Infinity });
    lines.on('line', (line) => {
      let message;
      try {
        message = JSON.parse(line);
      } catch {
        socket.destroy();
        return;
      }
      if (!session) session = this.open(socket, message);
      else this.report(session, message);
    });
    socket.once('close', () => {
      lines.close();
      if (session) this.close(session);
    });
  }
}

// The radios, in a process of their own: each is on the air for a second or so, 60 new ones a second in all.
function radios(port) {
  let number = 0;
  setInterval(() => {
    number += 1;
    const radio = `radio-${number % 400}`;
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => process.exit(1));
    socket.resume();
    socket.write(`${JSON.stringify({ radio, valley: number, resume: null, last: 0 })}\n`);
    let left = 60;
    const timer = setInterval(() => {
      left -= 1;
      if (left === 0) {
        clearInterval(timer);
        socket.end();
        return;
      }
      const kind = left % 12 === 0 ? 'okapi' : 'duiker';
      const bearings = Array.from({ length: 52 }, () => `${(Math.random() * 360).toFixed(2)}@${left}`).join(' ');
      socket.write(`${JSON.stringify({ east: 27 + Math.random(), north: 1 + Math.random(), kind, bearings })}\n`);
    }, 25);
  }, 1000 / 60);
}

function main() {
  if (process.argv[2] === 'radios') {
    radios(Number(process.argv[3]));
    return;
  }
  const gateway = new Gateway();
  const server = net.createServer((socket) => gateway.serve(socket));
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    spawn('/bin/sh', ['-c', `"${process.execPath}" "${__filename}" radios ${port} >/dev/null 2>&1 &`], { stdio: 'ignore' });
    setInterval(() => {
      const { heapUsed, rss } = process.memoryUsage();
      fs.appendFile('gateway.txt', `${gateway.tracks} tracks, heap ${heapUsed >> 20} MB, rss ${rss >> 20} MB\n`, () => {});
    }, 5000);
    setTimeout(() => console.log(`ready ${process.pid}`), 15000);
  });
}

main();
