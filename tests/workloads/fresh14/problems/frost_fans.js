// expect: pattern=chatty-protocol bench
/* Steers the wind machines of orchards in frost nights: every tenth of a second some blocks of trees are looked at, the
   wet-bulb temperature is worked out from their probes (kept in Redis by the radio gateway), and fans go on or off.

   Measured: 1.4 ms of CPU and 40 round trips for a look at a block; 0.26 ms and one in the twin.
*/
'use strict';
const net = require('node:net');
const { spawn } = require('node:child_process');

const BLOCKS = 48;
const PROBES = 40;
const BLOCKS_A_TICK = 12;

class RedisClient {
  constructor(port) {
    this.waiting = [];
    this.rest = '';
    this.socket = net.connect(port, '127.0.0.1');
    this.socket.setNoDelay(true);
    this.socket.setEncoding('latin1');
    this.socket.on('data', (text) => this.onData(text));
    this.socket.on('error', (error) => this.failAll(error));
  }

  failAll(error) {
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }

  send(...words) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      const parts = words.map((word) => `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`);
      this.socket.write(`*${words.length}\r\n${parts.join('')}`);
    });
  }

  onData(text) {
    this.rest += text;
    let at = 0;
    for (;;) {
      const parsed = this.parse(at);
      if (!parsed) break;
      at = parsed.end;
      const { resolve, reject } = this.waiting.shift();
      if (parsed.value instanceof Error) reject(parsed.value);
      else resolve(parsed.value);
    }
    if (at) this.rest = this.rest.slice(at);
  }

  parse(at) {
    const line = this.rest.indexOf('\r\n', at);
    if (line < 0) return null;
    const head = this.rest.slice(at + 1, line);
    const next = line + 2;
    switch (this.rest[at]) {
      case '+': return { value: head, end: next };
      case '-': return { value: new Error(head), end: next };
      case ':': return { value: Number(head), end: next };
      case '$': {
        const size = Number(head);
        if (size < 0) return { value: null, end: next };
        if (this.rest.length < next + size + 2) return null;
        return { value: this.rest.slice(next, next + size), end: next + size + 2 };
      }
      default: {
        const items = [];
        let end = next;
        for (let n = Number(head); n > 0; n--) {
          const item = this.parse(end);
          if (!item) return null;
          items.push(item.value);
          end = item.end;
        }
        return { value: items, end };
      }
    }
  }
}

function wetBulb(celsius, humidity) {
  const h = Math.max(5, Math.min(99, humidity));
  return celsius * Math.atan(0.151977 * Math.sqrt(h + 8.313659)) + Math.atan(celsius + h) - Math.atan(h - 1.676331)
    + 0.00391838 * Math.pow(h, 1.5) * Math.atan(0.023101 * h) - 4.686035;
}

class Probe {
  constructor(store, block, number) {
    this.store = store;
    this.key = `probe:${block}:${number}`;
  }

  static decode(text) {
    if (!text) return null;
    const [celsius, humidity] = text.split(';').map(Number);
    return Number.isFinite(celsius) ? { celsius, humidity } : null;
  }

  async reading() {
    return Probe.decode(await this.store.send('GET', this.key)); // <- cost
  }
}

class Block {
  constructor(store, number) {
    this.number = number;
    this.probes = Array.from({ length: PROBES }, (_, n) => new Probe(store, number, n));
    this.fan = false;
    this.history = [];
  }

  async readings() {
    const found = [];
    for (const probe of this.probes) {
      const reading = await probe.reading(); // <- cost
      if (reading) found.push(reading);
    }
    return found;
  }

  async decide() {
    const bulbs = (await this.readings()).map((r) => wetBulb(r.celsius, r.humidity)).sort((a, b) => a - b);
    if (bulbs.length < PROBES / 2) return null; // too few to judge by
    const coldest = bulbs[Math.floor(bulbs.length / 10)];
    this.history.push(coldest);
    if (this.history.length > 30) this.history.shift();
    const trend = (coldest - this.history[0]) / this.history.length;
    this.fan = this.fan ? coldest < 0.8 : coldest + trend * 5 < 0;
    return { block: this.number, coldest, trend, fan: this.fan };
  }
}

class NightWatch {
  constructor(store) {
    this.blocks = Array.from({ length: BLOCKS }, (_, n) => new Block(store, n));
    this.next = 0;
    this.looks = 0;
    this.running = 0;
  }

  async look() {
    for (let n = 0; n < BLOCKS_A_TICK; n++) {
      const decision = await this.blocks[this.next].decide();
      this.next = (this.next + 1) % BLOCKS;
      this.looks++;
      if (decision && decision.fan) this.running++;
    }
  }

  start(period) {
    const tick = async () => {
      const begun = Date.now();
      try {
        await this.look();
      } catch (error) {
        console.error(`frost_fans: ${error.message}`);
      }
      setTimeout(tick, Math.max(1, period - (Date.now() - begun)));
    };
    tick();
  }
}

function startStore() {
  return new Promise((resolve, reject) => {
    const helper = spawn(process.env.PYTHON || 'python3', [process.env.SERVICES, 'redis'], { stdio: ['ignore', 'pipe', 'ignore'] });
    helper.on('error', reject);
    helper.stdout.once('data', (text) => resolve(Number(String(text).trim())));
  });
}

async function main() {
  const store = new RedisClient(await startStore());
  const kept = [];
  for (let block = 0; block < BLOCKS; block++) {
    for (let n = 0; n < PROBES; n++) {
      const value = `${(((block * 7 + n * 3) % 60) / 10 - 2).toFixed(1)};${60 + ((block + n * 5) % 35)}`;
      kept.push(store.send('SET', `probe:${block}:${n}`, value));
    }
  }
  await Promise.all(kept);
  const watch = new NightWatch(store);
  watch.start(100);
  process.stdout.write(`ready ${process.pid}\n`);
  if (process.env.FROST_REPORT) setInterval(() => console.error(watch.looks, process.cpuUsage()), 1000);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
