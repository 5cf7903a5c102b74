// expect: healthy bench
// Surtitles of an opera house: the stage manager's tablets ask for a scene in the language of the evening, and get its
// lines, each in the translation that the translators' desk holds at that moment (they correct up to the curtain), cut
// into rows that fit the board. About ten scenes are asked for per second; the desk answers one line at a time, in 14 ms.
// Measured: a scene takes 169 ms (median) with the problem, 18 ms repaired, under the same load.
'use strict';

const { spawn, spawnSync } = require('child_process');
const path = require('path');
const readline = require('readline');
const fastify = require('fastify');
const { Pool } = require('undici');

const OPERAS = ['semiramide', 'rusalka', 'oberon', 'armida', 'medee'];
const LANGUAGES = new Set(['en', 'de', 'fr', 'cs']);
const SCENES = 24;
const BOARD_WIDTH = 42;
const ROWS = 2;

class Repertoire {
  constructor() {
    this.scenes = new Map();
    for (const [at, opera] of OPERAS.entries()) {
      for (let scene = 1; scene <= SCENES; scene++) {
        const lines = [];
        const count = 10 + ((scene * 7 + at) % 5);
        for (let number = 1; number <= count; number++) {
          lines.push({
            number,
            singer: ['soprano', 'tenor', 'chorus', 'bass'][(number + scene) % 4],
            bar: number * 16 + scene,
          });
        }
        this.scenes.set(`${opera}/${scene}`, lines);
      }
    }
  }

  scene(opera, number) {
    return this.scenes.get(`${opera}/${number}`);
  }
}

class TranslatorsDesk {
  constructor(port) {
    this.pool = new Pool(`http://127.0.0.1:${port}`, { connections: 48, keepAliveTimeout: 60000 });
  }

  async line(opera, scene, number, language) {
    const { statusCode, body } = await this.pool.request({
      method: 'GET',
      path: `/operas/${opera}/scenes/${scene}/lines/${number}?language=${language}`,
    });
    if (statusCode !== 200) {
      await body.dump();
      throw new Error(`the desk says ${statusCode}`);
    }
    return body.json();
  }
}

function cut(text, width) {
  const rows = [];
  let row = '';
  for (const word of text.split(/\s+/)) {
    if (row && row.length + 1 + word.length > width) {
      rows.push(row);
      row = word;
    } else {
      row = row ? `${row} ${word}` : word;
    }
  }
  if (row) rows.push(row);
  return rows;
}

function surtitle(line, translation) {
  const rows = cut(`${translation.name} ${translation.path.replaceAll('/', ' ')}`, BOARD_WIDTH);
  return {
    number: line.number,
    bar: line.bar,
    singer: line.singer,
    boards: Array.from({ length: Math.ceil(rows.length / ROWS) }, (_, at) => rows.slice(at * ROWS, (at + 1) * ROWS)),
  };
}

async function surtitles(repertoire, desk, opera, scene, language) {
  const lines = repertoire.scene(opera, scene);
  if (!lines) return null;
  const shown = await Promise.all(
    lines.map(async (line) => surtitle(line, await desk.line(opera, scene, line.number, language))),
  );
  return { opera, scene, language, lines: shown };
}

function build(repertoire, desk) {
  const app = fastify({ logger: false });
  app.get('/operas/:opera/scenes/:scene', async (request, reply) => {
    const language = request.query.language || 'en';
    if (!LANGUAGES.has(language)) return reply.code(400).send({ error: 'unknown language' });
    const { opera, scene } = request.params;
    const answer = await surtitles(repertoire, desk, opera, Number(scene), language);
    if (!answer) return reply.code(404).send({ error: 'no such scene' });
    return answer;
  });
  app.get('/operas', async () => OPERAS);
  return app;
}

function startDesk() {
  const child = spawn(process.env.PYTHON, [process.env.SERVICES, 'http', '14'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    readline.createInterface({ input: child.stdout }).once('line', (line) => resolve(Number(line)));
  });
}

function startTablets(port) {
  const paths = [];
  for (const opera of OPERAS) {
    for (let scene = 1; scene <= SCENES; scene++) {
      for (const language of LANGUAGES) paths.push(`/operas/${opera}/scenes/${scene}?language=${language}`);
    }
  }
  const clients = path.join(path.dirname(process.env.SERVICES), 'clients.py');
  spawnSync(process.env.PYTHON, [clients, 'http', String(port), paths.join(','), '10', '10'], { stdio: 'ignore' });
}

async function main() {
  const desk = new TranslatorsDesk(await startDesk());
  const app = build(new Repertoire(), desk);
  await app.listen({ port: 0, host: '127.0.0.1' });
  startTablets(app.server.address().port);
  setTimeout(() => console.log(`ready ${process.pid}`), 1500);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
