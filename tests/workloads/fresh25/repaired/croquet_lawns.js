// expect: healthy bench
// The lawns of a croquet tournament: scorers send every shot, and the boards at the lawns, the tea tent and those who
// could not come ask for a lawn: its players with the bisques they have left, its hoops, and the last shots.
//
// Measured: 75 boards a second, 6.5 ms each, 55 % of a core; in the twin 0.5 ms each, 8 % of a core.
'use strict';

const { execFileSync } = require('child_process');
const path = require('path');

const LAWNS = 48;
const KEPT_SHOTS = 80;
const BALLS = ['blue', 'red', 'black', 'yellow'];
const HOOPS = ['1', '2', '3', '4', '5', '6', '1-back', '2-back', '3-back', '4-back', 'penultimate', 'rover'];
const KINDS = ['roquet', 'croquet', 'hoop', 'rush', 'take-off', 'split'];

// ---- the state of the tournament

function freshShot(number, lawn) {
  const at = (n) => Math.round(((number * 37 + lawn * 11 + n * 53) % 2800) + 100) / 100;
  return {
    number,
    ball: BALLS[(number + lawn) % 4],
    kind: KINDS[(number * 7) % KINDS.length],
    from: [at(1), at(2)],
    to: [at(3), at(4)],
    note: number % 9 ? '' : `umpire called, ruled fair (law ${29 + (number % 4)})`,
  };
}

function freshLawn(id) {
  return {
    id,
    name: `lawn ${id}`,
    grass: id % 3 ? 'fescue' : 'bent',
    speed: 9 + (id % 5) / 2,
    players: [0, 1].map((n) => ({ name: `player ${id * 2 + n}`, handicap: (id * 5 + n * 7) % 18, used: 0 })),
    hoops: HOOPS.map((hoop) => ({ hoop, run: [] })),
    shots: Array.from({ length: KEPT_SHOTS }, (_, n) => freshShot(n, id)),
    scorer: { name: `scorer ${id}`, pin: 1000 + id * 13 },
  };
}

class Tournament {
  constructor(number) {
    this.state = { season: 'Whitsun', lawns: {}, revision: 0 };
    for (let id = 1; id <= number; id++) this.state.lawns[id] = freshLawn(id);
  }

  has(id) {
    return Object.hasOwn(this.state.lawns, id);
  }

  /** One lawn for a reader, who may do with it what he likes. */
  snapshot(id) {
    const { season, revision, lawns } = this.state;
    return { season, revision, lawn: JSON.parse(JSON.stringify(lawns[id])) };
  }

  record(id, shot) {
    const lawn = this.state.lawns[id];
    const last = lawn.shots[lawn.shots.length - 1];
    lawn.shots.push({ ...shot, number: last.number + 1 });
    if (lawn.shots.length > KEPT_SHOTS) lawn.shots.shift();
    if (shot.kind === 'hoop') {
      const next = lawn.hoops.find((hoop) => !hoop.run.includes(shot.ball));
      if (next) next.run.push(shot.ball);
      else for (const hoop of lawn.hoops) hoop.run.length = 0;
    }
    this.state.revision++;
  }
}

// ---- what boards show

class LawnView {
  constructor(tournament) {
    this.tournament = tournament;
  }

  bisques(players) {
    const [a, b] = players.map((player) => player.handicap);
    const given = Math.ceil(Math.abs(a - b));
    for (const player of players) {
      player.bisques = player.handicap === Math.max(a, b) ? Math.max(0, given - player.used) : 0;
    }
  }

  measure(shots) {
    for (const shot of shots) {
      shot.metres = Math.round(Math.hypot(shot.to[0] - shot.from[0], shot.to[1] - shot.from[1]) * 10) / 10;
      delete shot.from;
      if (!shot.note) delete shot.note;
    }
    return shots;
  }

  render(id) {
    const { lawn, season, revision } = this.tournament.snapshot(id);
    this.bisques(lawn.players);
    lawn.shots = this.measure(lawn.shots.slice(-24)).reverse();
    lawn.points = lawn.hoops.reduce((sum, hoop) => sum + hoop.run.length, 0);
    delete lawn.scorer;
    return { season, revision, lawn };
  }
}

// ---- the application

function application(tournament) {
  const express = require('express');
  const app = express();
  const view = new LawnView(tournament);
  const counts = { boards: 0, shots: 0, spent: 0 };
  app.disable('x-powered-by');
  app.set('etag', false);
  app.param('lawn', (request, response, next, id) => {
    if (!tournament.has(id)) return response.status(404).json({ error: 'no such lawn' });
    return next();
  });
  app.get('/lawns/:lawn', (request, response) => {
    const began = performance.now();
    response.json(view.render(request.params.lawn));
    counts.boards++;
    counts.spent += performance.now() - began;
  });
  app.post('/lawns/:lawn/shots', express.json({ type: () => true }), (request, response) => {
    const { ball, kind, from, to } = request.body;
    if (!BALLS.includes(ball) || !KINDS.includes(kind)) return response.status(422).json({ error: 'not a shot' });
    tournament.record(request.params.lawn, { ball, kind, from, to, note: '' });
    counts.shots++;
    return response.status(204).end();
  });
  app.use((error, request, response, next) => {
    if (response.headersSent) return next(error);
    return response.status(400).json({ error: error.message });
  });
  for (let n = 0; n < 400; n++) view.render((n % LAWNS) + 1); // so that the first boards do not wait for the compiler
  return { app, counts };
}

// ---- boards and scorers, in processes of their own

const SCRIPT = `
import os, sys
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients, services
port, lawns = int(sys.argv[1]), range(1, int(sys.argv[2]) + 1)
shot = b'{"ball": "red", "kind": "hoop", "from": [3.1, 4.9], "to": [7.3, 12.4]}'
services.outside(lambda: clients.come(port, [f"/lawns/{n}" for n in lawns], 75, 6))
services.outside(lambda: clients.come(port, [f"/lawns/{n}/shots" for n in lawns], 20, 2, body=shot))
`;

function visitors(port) {
  execFileSync(process.env.PYTHON, ['-c', SCRIPT, String(port), String(LAWNS)], {
    stdio: 'ignore',
    cwd: path.dirname(process.env.SERVICES),
  });
}

function main() {
  const { app, counts } = application(new Tournament(LAWNS));
  const server = app.listen(0, '127.0.0.1', () => {
    visitors(server.address().port);
    const warm = setInterval(() => {
      if (counts.boards < 1000) return;
      clearInterval(warm);
      console.log(`ready ${process.pid}`);
    }, 100);
  });
  server.keepAliveTimeout = 65000;
  setInterval(() => {
    const each = (counts.spent / counts.boards).toFixed(2);
    console.error(`${counts.boards} boards, ${each} ms each, ${counts.shots} shots`);
  }, 10000);
}

main();
