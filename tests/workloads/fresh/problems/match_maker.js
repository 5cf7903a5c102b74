// expect: pattern=hot-loop bench
// Finds opponents for the players of a game. Who waits is kept in one list, which is sorted whenever somebody joins.
const crypto = require("crypto");
const fs = require("fs");

const NEAR = 25;
const log = fs.openSync("matches.log", "w");

let state = 12345;
function chance(below) {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
  return (state >>> 8) % below;
}

// Who waits, by rating.
class Lobby {
  constructor() {
    this.waiting = [];
  }

  join(player) {
    this.waiting.push(player);
    this.waiting.sort((a, b) => a.rating - b.rating); // <- cost
  }

  leave(player) {
    const at = this.waiting.findIndex((other) => other.id === player.id); // <- cost
    this.waiting.splice(at, 1);
  }

  // Somebody of about the same rating in the same region.
  opponentOf(player) {
    return this.waiting.find((other) => other.region === player.region && Math.abs(other.rating - player.rating) < NEAR); // <- cost
  }
}

// Ratings after a game, by Elo's rule.
function rated(winner, loser) {
  const expected = 1 / (1 + 10 ** ((loser.rating - winner.rating) / 400));
  const step = Math.round(24 * (1 - expected));
  winner.rating += step;
  loser.rating = Math.max(100, loser.rating - step);
}

const lobby = new Lobby();
const history = [];
let joined = 0;
let played = 0;

function ticket(one, other) {
  const text = `${one.id}:${one.rating}-${other.id}:${other.rating}@${one.region}`;
  const signed = crypto.createHmac("sha256", "key of the arena").update(text).digest("hex");
  history[played % 1000] = { text, signed };
}

function arrive() {
  const player = { id: joined++, rating: 400 + chance(700) + chance(700) + chance(700), region: chance(16) };
  const other = lobby.opponentOf(player); // <- cost
  if (!other) {
    lobby.join(player); // <- cost
    return;
  }
  lobby.leave(other); // <- cost
  rated(...(chance(2) ? [player, other] : [other, player]));
  ticket(player, other);
  played++;
}

console.log("ready", process.pid);
let told = performance.now();
function turn() {
  for (let i = 0; i < 200; i++) arrive();
  if (performance.now() - told > 1000) {
    told = performance.now();
    fs.writeSync(log, `${Math.round(told)} ${joined} players came, ${played} games\n`);
  }
  setImmediate(turn);
}
turn();
