// expect: healthy bench
// Traces who owned a violin: the archive (HTTP) knows for each certificate which one came before it, and nothing else
// tells. A trace is therefore one request after the other, each for what the last answer named. Several traces are
// under way at once, over connections that are kept; what has been traced lately is kept too, up to a bound that is
// soon reached.
//
// Measured: 30 traces in 5 s, all that are begun, 8 certificates each, half within 54 ms; about 4 % of a core.
'use strict';

const { fork } = require('child_process');
const http = require('http');

const STEPS = 8;
const KEPT = 60;

// ---- the archive: a process of its own ----

function archive() {
  const previous = (certificate) => (certificate * 48271 + 11) % 2147483647;
  const server = http.createServer((request, response) => {
    const certificate = Number(request.url.split('/')[2]);
    setTimeout(() => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      const owner = `collection ${certificate % 997}`;
      const year = 2010 - (certificate % 40);
      response.end(JSON.stringify({ certificate, owner, year, before: previous(certificate) }));
    }, 5);
  });
  server.keepAliveTimeout = 60000;
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
}

// ---- the tracer ----

class Archive {
  constructor(port) {
    this.port = port;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
    this.asked = 0;
  }

  certificate(number) {
    this.asked++;
    return new Promise((resolve, reject) => {
      const path = `/certificates/${number}`;
      const request = http.get({ host: '127.0.0.1', port: this.port, path, agent: this.agent }, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => {
          if (answer.statusCode !== 200) reject(new Error(`archive: ${answer.statusCode}`));
          else resolve(JSON.parse(Buffer.concat(parts).toString()));
        });
      });
      request.setTimeout(3000, () => request.destroy(new Error('archive: no answer')));
      request.on('error', reject);
    });
  }
}

/** The last so many of something, by key. */
class Recent {
  constructor(bound) {
    this.bound = bound;
    this.kept = new Map();
  }

  get(key) {
    return this.kept.get(key);
  }

  put(key, value) {
    this.kept.delete(key);
    this.kept.set(key, value);
    if (this.kept.size > this.bound) this.kept.delete(this.kept.keys().next().value);
  }
}

class Tracer {
  constructor(source) {
    this.source = source;
    this.recent = new Recent(KEPT);
    this.traces = 0;
  }

  async *owners(certificate) {
    let at = certificate;
    for (let step = 0; step < STEPS; step++) {
      const told = await this.source.certificate(at);
      yield told;
      at = told.before;
    }
  }

  async trace(certificate) {
    const known = this.recent.get(certificate);
    if (known) return known;
    const line = [];
    for await (const told of this.owners(certificate)) line.push({ owner: told.owner, year: told.year });
    const gaps = line.filter((stop, at) => at > 0 && stop.year > line[at - 1].year).length;
    const history = { certificate, line, gaps };
    this.recent.put(certificate, history);
    this.traces++;
    return history;
  }
}

/** Dealers hand in violins, six a second. */
function dealers(tracer, waits) {
  let number = 1000;
  setInterval(() => {
    number += 17;
    const asked = number % 4 ? number : number - 17 * 9; // some are asked for again
    const began = process.hrtime.bigint();
    tracer.trace(asked).then(
      () => waits.push(Number(process.hrtime.bigint() - began) / 1e6),
      (error) => console.error(error.message),
    );
  }, 1000 / 6);
}

function main() {
  const beside = fork(__filename, ['archive'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  beside.once('message', ({ port }) => {
    const tracer = new Tracer(new Archive(port));
    const waits = [];
    dealers(tracer, waits);
    setInterval(() => {
      const sorted = waits.splice(0).sort((a, b) => a - b);
      if (!process.env.FIGURES) return;
      const half = sorted[sorted.length >> 1];
      console.error(`${sorted.length} traces, half within ${half} ms, ${tracer.source.asked} asked`);
    }, 5000);
    console.log(`ready ${process.pid}`);
  });
}

if (process.argv[2] === 'archive') {
  process.on('disconnect', () => process.exit());
  archive();
} else {
  main();
}
