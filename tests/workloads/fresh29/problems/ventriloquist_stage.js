// expect: pattern=serialization-overhead bench
// The live chat beside the streams of a theatre of ventriloquists. What viewers write in a room is collected, and goes
// out to all viewers of the room four times a second, as one line of JSON on their connection.
//
// Measured: 4 rooms of 120 viewers, 4 lines a second to each: 0.25 cores; repaired 0.04.

'use strict';

const { spawn } = require('node:child_process');
const net = require('node:net');
const path = require('node:path');

const ROOMS = ['grand', 'cellar', 'balcony', 'puppets'];
const VIEWERS_PER_ROOM = 120;
const MESSAGES_PER_SECOND = 140; // in each room
const FLUSH_MS = 250;
const TOO_SLOW = 4 << 20;

const BADGES = ['subscriber', 'front row', 'dummy owner', 'founder', 'moderator'];
// What viewers may know of a message.
const PUBLIC = [
  'type', 'room', 'sequence', 'viewers', 'messages', 'id', 'at', 'author', 'name', 'colour', 'badges', 'months', 'text',
  'emotes', 'from', 'to',
];

const EMOTES = ['jaw', 'clap', 'gottle', 'suitcase', 'sock'];

// The viewers: a process that reads what comes, and does nothing with it.
const VIEWERS = `
import asyncio, sys
sys.path.insert(0, sys.argv[1])
import services

async def watch(port, room):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 18)
    writer.write(f"JOIN {room}\\n".encode())
    while await reader.read(1 << 18):
        pass

async def main(port, rooms, number):
    await asyncio.gather(*(watch(port, room) for room in rooms for _ in range(number)))

services.outside(lambda: asyncio.run(main(int(sys.argv[2]), sys.argv[3].split(","), int(sys.argv[4]))))
`;

class Room {
  constructor(name) {
    this.name = name;
    this.viewers = new Set();
    this.collected = [];
    this.sequence = 0;
  }

  post(message) {
    this.collected.push(message);
  }

  flush() {
    if (this.collected.length === 0) return;
    const event = {
      type: 'messages',
      room: this.name,
      sequence: ++this.sequence,
      viewers: this.viewers.size,
      messages: this.collected,
    };
    this.collected = [];
    this.broadcast(event);
  }

  broadcast(event) {
    for (const viewer of this.viewers) { // <- cost
      viewer.send(event); // <- cost
    }
  }
}

class Viewer {
  constructor(socket) {
    this.socket = socket;
    this.room = null;
    this.heard = '';
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text) => this.listen(text));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.leave());
  }

  listen(text) {
    const lines = (this.heard + text).split('\n');
    this.heard = lines.pop();
    for (const line of lines) {
      const [word, room] = line.split(' ');
      if (word === 'JOIN' && rooms.has(room)) {
        this.leave();
        this.room = rooms.get(room);
        this.room.viewers.add(this);
      }
    }
    if (this.heard.length > 1000) this.socket.destroy();
  }

  leave() {
    this.room?.viewers.delete(this);
    this.room = null;
  }

  send(event) {
    if (this.socket.writableLength > TOO_SLOW) {
      this.socket.destroy();
      return;
    }
    this.socket.write(JSON.stringify(event, PUBLIC) + '\n'); // <- cost
  }
}

const rooms = new Map(ROOMS.map((name) => [name, new Room(name)]));

// What comes in from the ingest servers.
let written = 0;

function writeMessage() {
  const number = written++;
  return {
    id: `m${number.toString(36).padStart(9, '0')}`,
    at: Date.now(),
    author: {
      id: 100000 + ((number * 7919) % 40000),
      name: `puppeteer_${(number * 31) % 9000}`,
      colour: `#${((number * 2654435) % 0xffffff).toString(16).padStart(6, '0')}`,
      badges: [BADGES[number % 5], BADGES[(number * 3 + 1) % 5]],
      months: number % 60,
    },
    text: `gottle of geer number ${number}, and his lips did not move at all`,
    emotes: [
      { name: EMOTES[number % 5], from: 0, to: 5 },
      { name: EMOTES[(number + 2) % 5], from: 10, to: 14 },
    ],
    origin: { ingest: number % 3, address: `10.4.${number % 200}.${number % 250}` },
    flags: { first: number % 40 === 0, highlighted: number % 25 === 0, reply: null },
  };
}

function ingest() {
  let last = Date.now();
  let owed = 0;
  setInterval(() => {
    const now = Date.now();
    owed += ((now - last) / 1000) * MESSAGES_PER_SECOND;
    last = now;
    for (; owed >= 1; owed--) {
      for (const room of rooms.values()) room.post(writeMessage());
    }
  }, 20);
}

function main() {
  const server = net.createServer((socket) => new Viewer(socket));
  server.listen({ port: 0, host: '127.0.0.1', backlog: 512 }, () => {
    const words = [path.dirname(process.env.SERVICES), String(server.address().port), ROOMS.join(','), String(VIEWERS_PER_ROOM)];
    spawn(process.env.PYTHON, ['-c', VIEWERS, ...words], { stdio: 'ignore' });
    ingest();
    [...rooms.values()].forEach((room, at) => {
      setTimeout(() => setInterval(() => room.flush(), FLUSH_MS), (at * FLUSH_MS) / ROOMS.length);
    });
    setTimeout(() => console.log(`ready ${process.pid}`), 2500);
  });
}

main();
