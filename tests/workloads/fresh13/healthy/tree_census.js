// expect: healthy bench
// Census of a city's street trees: district offices publish their registers in chapters, of which each names the next.
// The census follows the registers of all districts side by side, adds up species and girths, and then rests a while.
// Measured: nothing to gain; 7 % of a core (busy machine). A chapter takes 15 ms and has to be known before the next one.
'use strict';
const http = require('http');
const { spawn } = require('child_process');
const { createInterface } = require('readline');

const DISTRICTS = ['harbour', 'mills', 'old town', 'vineyards', 'barracks', 'meadows', 'station', 'heights'];
const CHAPTERS = 12;
const SPECIES = ['lime', 'plane', 'maple', 'ash', 'hornbeam', 'pagoda tree', 'ginkgo', 'whitebeam'];

class RegisterOffice {
  constructor(port) {
    this.port = port;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: DISTRICTS.length });
  }

  fetch(path) {
    return new Promise((resolve, reject) => {
      const request = http.get({ host: '127.0.0.1', port: this.port, path, agent: this.agent }, (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          if (response.statusCode !== 200) reject(new Error(`${path}: status ${response.statusCode}`));
          else resolve(JSON.parse(Buffer.concat(parts).toString()));
        });
      });
      request.setTimeout(5000, () => request.destroy(new Error(`${path}: no answer`)));
      request.on('error', reject);
    });
  }

  /** The chapters of a district's register; where the next one lies is only known from the one before. */
  async *chapters(district) {
    let place = `/register/${encodeURIComponent(district)}/0`;
    for (let number = 0; number < CHAPTERS; number++) {
      const chapter = await this.fetch(place);
      yield chapter;
      place = `/register/${encodeURIComponent(district)}/${number + 1}-${chapter.price}-${chapter.stock}`;
    }
  }
}

class Tally {
  constructor() {
    this.trees = 0;
    this.girths = new Map(SPECIES.map((species) => [species, { count: 0, sum: 0, thickest: 0 }]));
  }

  add(chapter) {
    for (let at = 0; at < 40 + chapter.stock; at++) {
      const species = SPECIES[(chapter.price + at * 5) % SPECIES.length];
      const girth = 20 + ((chapter.price * 31 + at * 17) % 280);
      const line = this.girths.get(species);
      line.count += 1;
      line.sum += girth;
      line.thickest = Math.max(line.thickest, girth);
      this.trees += 1;
    }
  }

  merge(other) {
    this.trees += other.trees;
    for (const [species, line] of other.girths) {
      const mine = this.girths.get(species);
      mine.count += line.count;
      mine.sum += line.sum;
      mine.thickest = Math.max(mine.thickest, line.thickest);
    }
  }

  table() {
    return [...this.girths]
      .sort(([, one], [, other]) => other.count - one.count)
      .map(([species, { count, sum, thickest }]) => `${species}: ${count}, mean ${Math.round(sum / Math.max(1, count))} cm, up to ${thickest} cm`);
  }
}

async function district(office, name) {
  const tally = new Tally();
  for await (const chapter of office.chapters(name)) tally.add(chapter);
  return tally;
}

async function census(office) {
  const results = await Promise.allSettled(DISTRICTS.map((name) => district(office, name)));
  const total = new Tally();
  const missing = [];
  results.forEach((result, at) => {
    if (result.status === 'fulfilled') total.merge(result.value);
    else missing.push(DISTRICTS[at]);
  });
  return { table: total.table(), trees: total.trees, missing };
}

async function keepCounting(office) {
  let latest = null;
  for (;;) {
    const result = await census(office);
    if (result.missing.length) process.stderr.write(`not counted: ${result.missing.join(', ')}\n`);
    if (latest && latest.trees !== result.trees) process.stderr.write(`${latest.trees} trees became ${result.trees}\n`);
    latest = result;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function startOffice() {
  return new Promise((resolve, reject) => {
    const service = spawn(process.env.PYTHON, [process.env.SERVICES, 'http', '15'], { stdio: ['ignore', 'pipe', 'inherit'] });
    service.on('error', reject);
    createInterface({ input: service.stdout }).once('line', (line) => resolve(new RegisterOffice(Number(line))));
  });
}

async function main() {
  const office = await startOffice();
  process.stdout.write(`ready ${process.pid}\n`);
  await keepCounting(office);
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
