// expect: pattern=repeated-read bench
// Uplink desk of planetary rovers: planners post command sequences, which are checked against the command dictionary
// of the rover (a text file of the mission, 4200 commands) and assembled into uplink words with a checksum.
// Measured: the dictionary (187 KiB) is read and parsed for each sequence, 3 to 4 ms of CPU: 51 % of a core at 130 a second,
// an answer takes 13 ms (twin: 6 % of a core, 1 ms).
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');
const { spawnSync } = require('child_process');

const ROVERS = ['petrel', 'shearwater'];
const SUBSYSTEMS = ['MOB', 'ARM', 'MAST', 'COMM', 'PWR', 'THRM', 'NAV', 'SCI'];
const COMMANDS = 4200;
const FOLDER = path.resolve('dictionaries');

class CommandError extends Error {}

function crc16(bytes) {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}

function parseDictionary(text) {
  const commands = new Map();
  for (const line of text.split('\n')) {
    if (!line || line[0] === '#') continue;
    const [mnemonic, opcode, subsystem, ranges, hazard] = line.split('|');
    const args = ranges
      ? ranges.split(',').map((range) => {
          const [name, low, high] = range.split(':');
          return { name, low: Number(low), high: Number(high) };
        })
      : [];
    commands.set(mnemonic, { opcode: parseInt(opcode, 16), subsystem, args, hazardous: hazard === 'H' });
  }
  return commands;
}

class Dictionaries {
  constructor(folder) {
    this.folder = folder;
  }

  async forRover(rover) {
    if (!ROVERS.includes(rover)) throw new CommandError(`unknown rover ${rover}`);
    const text = await fs.promises.readFile(path.join(this.folder, `${rover}.dict`), 'utf8'); // <- cost
    return parseDictionary(text); // <- cost
  }
}

function assemble(commands, sequence) {
  const words = [];
  let hazardous = 0;
  for (const [at, line] of sequence.trim().split('\n').entries()) {
    const [mnemonic, ...values] = line.split(' ');
    const command = commands.get(mnemonic);
    if (!command) throw new CommandError(`line ${at + 1}: no command ${mnemonic}`);
    if (values.length !== command.args.length) throw new CommandError(`line ${at + 1}: ${command.args.length} arguments`);
    words.push(command.opcode);
    command.args.forEach((arg, i) => {
      const value = Number(values[i]);
      if (!(value >= arg.low && value <= arg.high)) throw new CommandError(`line ${at + 1}: ${arg.name} out of range`);
      words.push(Math.round(((value - arg.low) / (arg.high - arg.low)) * 65535));
    });
    if (command.hazardous) hazardous += 1;
  }
  const bytes = Buffer.allocUnsafe(words.length * 2);
  words.forEach((word, i) => bytes.writeUInt16BE(word, i * 2));
  return { words: words.length, hazardous, crc: crc16(bytes), uplink: bytes.toString('base64') };
}

function readBody(request) {
  return new Promise((resolve, reject) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
    request.on('error', reject);
  });
}

function writeDictionaries() {
  fs.mkdirSync(FOLDER, { recursive: true });
  for (const rover of ROVERS) {
    const lines = [`# command dictionary of ${rover}, release 31`];
    for (let i = 0; i < COMMANDS; i += 1) {
      const subsystem = SUBSYSTEMS[i % SUBSYSTEMS.length];
      const args = Array.from({ length: i % 4 }, (_, n) => `p${n}_${subsystem.toLowerCase()}:${-n * 10}:${100 + i}`);
      const opcode = (0x1000 + i).toString(16);
      lines.push(`${subsystem}_OP_${i}|${opcode}|${subsystem}|${args.join(',')}|${i % 37 === 0 ? 'H' : ''}`);
    }
    fs.writeFileSync(path.join(FOLDER, `${rover}.dict`), `${lines.join('\n')}\n`);
  }
}

function serve() {
  writeDictionaries();
  const dictionaries = new Dictionaries(FOLDER);
  let assembled = 0;

  async function answer(request) {
    const rover = request.url.split('/')[2];
    const sequence = await readBody(request);
    const commands = await dictionaries.forRover(rover);
    return assemble(commands, sequence);
  }

  const server = http.createServer((request, response) => {
    answer(request).then(
      (result) => [200, result],
      (error) => [error instanceof CommandError ? 422 : 500, { error: error.message }],
    ).then(([status, result]) => {
      const body = JSON.stringify(result);
      response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
      response.end(body);
      assembled += 1;
      if (assembled === 500) process.stdout.write('ready\n');
    });
  });
  server.keepAliveTimeout = 60000;
  server.listen(0, '127.0.0.1', () => {
    const command = '"$0" "$@" >/dev/null 2>&1 </dev/null &';
    spawnSync('/bin/sh', ['-c', command, process.execPath, __filename, 'planners', String(server.address().port)]);
  });
}

function planners(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });

  function sequence() {
    return Array.from({ length: 25 }, () => {
      const i = Math.floor(Math.random() * COMMANDS);
      const values = Array.from({ length: i % 4 }, () => Math.floor(Math.random() * 100));
      return [`${SUBSYSTEMS[i % SUBSYSTEMS.length]}_OP_${i}`, ...values].join(' ');
    }).join('\n');
  }

  function plan(rover) {
    const body = sequence();
    const options = { port, host: '127.0.0.1', agent, method: 'POST', path: `/sequences/${rover}` };
    const request = http.request({ ...options, headers: { 'Content-Length': body.length } }, (response) => {
      response.resume();
      response.on('end', () => setTimeout(plan, 40, rover));
    });
    request.on('error', () => process.exit());
    request.end(body);
  }

  for (let i = 0; i < 6; i += 1) setTimeout(plan, i * 11, ROVERS[i % ROVERS.length]);
}

if (process.argv[2] === 'planners') planners(Number(process.argv[3]));
else serve();
