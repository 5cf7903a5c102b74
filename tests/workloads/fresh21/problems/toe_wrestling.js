// expect: pattern=repeated-computation bench
// The league of toe wrestling: referees send the bouts of the evening (the last 12000 are kept), taverns and wrestlers
// look at a wrestler's rating and form, at the table, and at who would make a good match for whom. Ratings follow from
// the bouts in their order, from the first that is kept, as in chess.
//
// Measured: CPU 29 % of a core, in the twin 5.6 %; a request takes 1.7 ms, in the twin 0.16 ms, at 180 a second.
'use strict';

const { execFileSync } = require('child_process');
const http = require('http');

const WRESTLERS = 240;
const KEPT = 12000;
const START = 1200;
const WEIGHTS = ['feather', 'light', 'middle', 'heavy'];
const FEET = ['left', 'right'];

// a small generator, so that each run has the same league
function numbers(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
}

// ---- the bouts

class BoutBook {
  constructor(kept) {
    this.kept = kept;
    this.bouts = [];
  }

  add(bout) {
    this.bouts.push(bout);
    if (this.bouts.length > this.kept) this.bouts.shift();
  }

  get size() {
    return this.bouts.length;
  }

  *newestOf(id, most) {
    let found = 0;
    for (let at = this.bouts.length - 1; at >= 0 && found < most; at--) {
      const bout = this.bouts[at];
      if (bout.winner === id || bout.loser === id) {
        found++;
        yield bout;
      }
    }
  }
}

// ---- ratings

const expected = (own, other) => 1 / (1 + 10 ** ((other - own) / 400));

function stake(bout, played) {
  const fresh = played < 30 ? 40 : 20;
  return bout.rounds === 3 ? fresh : fresh * 1.25; // (two straight rounds count more)
}

class Ratings {
  constructor(book) {
    this.book = book;
  }

  table() {
    const ratings = new Map(); // <- cost
    const of = (id) => {
      let rating = ratings.get(id);
      if (!rating) ratings.set(id, (rating = { id, points: START, played: 0, won: 0 }));
      return rating;
    };
    for (const bout of this.book.bouts) { // <- cost
      const winner = of(bout.winner);
      const loser = of(bout.loser);
      const surprise = 1 - expected(winner.points, loser.points);
      winner.points += stake(bout, winner.played) * surprise;
      loser.points -= stake(bout, loser.played) * surprise;
      winner.played++;
      winner.won++;
      loser.played++;
    }
    return [...ratings.values()].sort((a, b) => b.points - a.points);
  }
}

class League {
  constructor(book, ratings, wrestlers) {
    this.book = book;
    this.ratings = ratings;
    this.wrestlers = wrestlers;
  }

  wrestler(id) {
    const wrestler = this.wrestlers.get(id);
    if (!wrestler) throw Object.assign(new Error(`no wrestler ${id}`), { statusCode: 404 });
    return wrestler;
  }

  profile(id) {
    const { name, weight, foot } = this.wrestler(id);
    const table = this.ratings.table(); // <- cost
    const rank = table.findIndex((rating) => rating.id === id);
    const rating = table[rank] || { points: START, played: 0, won: 0 };
    const form = Array.from(this.book.newestOf(id, 5), (bout) => (bout.winner === id ? 'W' : 'L')).join('');
    const { points, played, won } = rating;
    return { id, name, weight, foot, rank: rank + 1, points: Math.round(points), played, won, form };
  }

  top(number) {
    return this.ratings.table().slice(0, number).map(({ id, points }, at) => { // <- cost
      return { rank: at + 1, name: this.wrestler(id).name, points: Math.round(points) };
    });
  }

  record({ winner, loser, rounds }) {
    this.wrestler(winner);
    this.wrestler(loser);
    this.book.add({ winner, loser, rounds, at: Date.now() });
    return { bouts: this.book.size };
  }
}

function found() {
  const any = numbers(1976);
  const wrestlers = new Map();
  for (let id = 1; id <= WRESTLERS; id++) {
    wrestlers.set(id, { name: `The ${['Ankle', 'Nail', 'Sole', 'Heel', 'Arch'][any(5)]} of Wetton ${id}`,
      weight: WEIGHTS[any(4)], foot: FEET[any(2)] });
  }
  const book = new BoutBook(KEPT);
  while (book.size < KEPT) {
    const [a, b] = [1 + any(WRESTLERS), 1 + any(WRESTLERS)];
    if (a === b) continue;
    const [winner, loser] = a + any(200) > b + any(200) ? [a, b] : [b, a];
    book.add({ winner, loser, rounds: 2 + any(2), at: 0 });
  }
  return new League(book, new Ratings(book), wrestlers);
}

// ---- the application

const BOUT = {
  type: 'object',
  required: ['winner', 'loser', 'rounds'],
  properties: {
    winner: { type: 'integer' },
    loser: { type: 'integer' },
    rounds: { type: 'integer', minimum: 2, maximum: 3 },
  },
};

async function routes(app, { league }) {
  app.get('/wrestlers/:id', async (request) => league.profile(Number(request.params.id)));
  app.get('/table', async (request) => league.top(Math.min(50, Number(request.query.top) || 20)));
  app.post('/bouts', { schema: { body: BOUT } }, async (request, reply) => {
    reply.code(201);
    return league.record(request.body);
  });
}

// ---- taverns, wrestlers and referees, in a process of their own

function taverns(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const any = (number) => Math.floor(Math.random() * number);
  let open = 0;
  let failed = 0;
  const ask = (method, path, body) => {
    if (open >= 16) return;
    open++;
    const headers = body ? { 'Content-Type': 'application/json' } : {};
    const request = http.request({ host: '127.0.0.1', port, agent, method, path, headers }, (response) => {
      failed = 0;
      response.resume().on('end', () => open--);
    });
    request.on('error', () => {
      open--;
      if (++failed > 50) process.exit(1);
    });
    request.end(body && JSON.stringify(body));
  };
  setInterval(() => ask('GET', any(8) ? `/wrestlers/${1 + any(WRESTLERS)}` : '/table?top=30'), 5);
  setInterval(() => {
    const winner = 1 + any(WRESTLERS);
    ask('POST', '/bouts', { winner, loser: (winner % WRESTLERS) + 1, rounds: 2 + any(2) });
  }, 700);
}

function invite(port) {
  const env = { ...process.env, TAVERNS_PORT: String(port) };
  const detached = '"$0" "$1" </dev/null >/dev/null 2>&1 &';
  execFileSync('sh', ['-c', detached, process.execPath, __filename], { env, stdio: 'ignore' });
}

async function main() {
  const app = require('fastify')({ keepAliveTimeout: 65000 });
  const sums = { answered: 0, spent: 0 };
  app.addHook('onRequest', async (request) => {
    request.raw.came = performance.now();
  });
  app.addHook('onResponse', async (request) => {
    sums.answered++;
    sums.spent += performance.now() - request.raw.came;
  });
  app.register(routes, { league: found() });
  await app.listen({ port: 0, host: '127.0.0.1' });
  invite(app.server.address().port);
  if (process.env.REPORT) {
    setInterval(() => console.error(`${sums.answered} in ${(sums.spent / sums.answered).toFixed(2)} ms each`), 5000);
  }
  setTimeout(() => console.log(`ready ${process.pid}`), 2000);
}

if (process.env.TAVERNS_PORT) taverns(Number(process.env.TAVERNS_PORT));
else main();
