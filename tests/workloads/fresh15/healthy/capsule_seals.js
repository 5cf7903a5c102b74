// expect: healthy bench
// Seals letters for time capsules: who hands one in gives a pass phrase, and the letter is encrypted with a key that is
// derived from it (scrypt, which is slow so that nobody tries all phrases; it runs in Node's thread pool) and kept in
// the capsule's file. Some are opened again for a check. The derivation is what the program is for and takes most of
// its time.
//
// Measured: 35 letters in 5 s, all that are handed in, half within 55 to 77 ms; about 32 % of a core,
// nearly all of it in scrypt.
'use strict';

const { fork } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const { promisify } = require('util');

const derive = promisify(crypto.scrypt);
const WORK = { N: 16384, r: 8, p: 1 };
const CHECKED = 8; // one letter of so many
const CAPSULE_BYTES = 4 << 20; // a capsule that is full is buried, and a new one begun

// ---- those who write letters: a process of their own ----

function writers(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  const waits = [];
  let turn = 0;
  setInterval(() => {
    turn++;
    const began = process.hrtime.bigint();
    const headers = { 'X-Phrase': `phrase ${turn * 7919}` };
    const to = { port, host: '127.0.0.1', method: 'POST', path: '/letters', headers, agent };
    const request = http.request(to, (answer) => {
      answer.resume();
      answer.on('end', () => waits.push(Number(process.hrtime.bigint() - began) / 1e6));
    });
    request.on('error', () => {});
    request.end(`Dear reader of the year ${2100 + (turn % 100)}, `.repeat(40));
  }, 140);
  setInterval(() => {
    const sorted = waits.splice(0).sort((a, b) => a - b);
    if (process.env.FIGURES) console.error(`${sorted.length} letters, half within ${sorted[sorted.length >> 1]} ms`);
  }, 5000);
}

// ---- sealing ----

class Sealer {
  static async seal(phrase, letter) {
    const salt = crypto.randomBytes(16);
    const nonce = crypto.randomBytes(12);
    const key = await derive(phrase, salt, 32, WORK);
    const cipher = crypto.createCipheriv('aes-256-gcm', key, nonce);
    const sealed = Buffer.concat([cipher.update(letter), cipher.final()]);
    return Buffer.concat([salt, nonce, cipher.getAuthTag(), sealed]);
  }

  static async open(phrase, kept) {
    const key = await derive(phrase, kept.subarray(0, 16), 32, WORK);
    const decipher = crypto.createDecipheriv('aes-256-gcm', key, kept.subarray(16, 28));
    decipher.setAuthTag(kept.subarray(28, 44));
    return Buffer.concat([decipher.update(kept.subarray(44)), decipher.final()]);
  }
}

/** The file that sealed letters are appended to. */
class Capsule {
  constructor(path) {
    this.path = path;
    this.begin();
  }

  begin() {
    this.size = 0;
    this.out = fs.createWriteStream(this.path);
  }

  put(sealed) {
    if (this.size + sealed.length > CAPSULE_BYTES) {
      this.out.end();
      this.begin();
    }
    const head = Buffer.alloc(4);
    head.writeUInt32BE(sealed.length);
    this.out.write(head);
    this.size += sealed.length + head.length;
    return new Promise((resolve, reject) => {
      this.out.write(sealed, (error) => (error ? reject(error) : resolve(this.size)));
    });
  }
}

class Counter {
  constructor(capsule) {
    this.capsule = capsule;
    this.taken = 0;
  }

  async take(phrase, letter) {
    const number = ++this.taken;
    const sealed = await Sealer.seal(phrase, letter);
    if (number % CHECKED === 0) {
      const opened = await Sealer.open(phrase, sealed);
      if (!opened.equals(letter)) throw new Error(`letter ${number} does not open`);
    }
    const at = await this.capsule.put(sealed);
    return { number, at, bytes: sealed.length };
  }
}

async function answer(counter, request, response) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const phrase = request.headers['x-phrase'];
  const status = phrase && parts.length ? 200 : 422;
  const told = status === 200 ? await counter.take(phrase, Buffer.concat(parts)) : {};
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(told));
}

function main() {
  const counter = new Counter(new Capsule('capsule.bin'));
  const server = http.createServer((request, response) => {
    answer(counter, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1', () => {
    const words = ['writers', String(server.address().port)];
    fork(__filename, words, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    console.log(`ready ${process.pid}`);
  });
}

if (process.argv[2] === 'writers') {
  process.on('disconnect', () => process.exit());
  writers(Number(process.argv[3]));
} else {
  main();
}
