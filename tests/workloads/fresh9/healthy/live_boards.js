// expect: healthy bench
// Shows the boards of a chess tournament to those who follow it at home: moves come in, each board's answer is encoded
// when it changes, and a forecast of the final table is played out many times, in small pieces between the requests.
// Measured: 200 requests a second, 0.1 ms each; a forecast takes 0.2 s every two seconds, in pieces of 3 ms at most.
const fs = require("fs");
const http = require("http");
const path = require("path");
const { spawn } = require("child_process");

const CLIENTS = path.join(__dirname, "..", "..", "clients.py");
const PLAYERS = 24;
const ROUNDS = 11;
const BOARDS = PLAYERS / 2;
const MOST_MOVES = 90;
const PLAYED_OUT = 40000;
const PIECE = 3; // milliseconds that nobody notices

/** A generator of its own, so that every tournament can be followed again. */
class Dice {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  next() {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return this.state / 4294967296;
  }

  below(most) {
    return Math.floor(this.next() * most);
  }
}

class Board {
  #encoded = null;
  moves = [];
  clock = [5400, 5400];

  constructor(number, white, black) {
    this.number = number;
    this.white = white;
    this.black = black;
  }

  play(move, seconds) {
    this.clock[this.moves.length % 2] -= seconds;
    this.moves.push(move);
    this.#encoded = null;
  }

  /** The answer about this board; it is made once for all who ask before the next move. */
  encoded() {
    if (!this.#encoded) {
      const { number, white, black, clock, moves } = this;
      this.#encoded = Buffer.from(JSON.stringify({ number, white, black, clock, moves }));
    }
    return this.#encoded;
  }
}

class Forecast {
  #chances = new Float64Array(PLAYERS * PLAYERS);
  #points = new Float32Array(PLAYERS);
  #dice = new Dice(77);
  wins = new Uint32Array(PLAYERS);

  constructor(ratings) {
    for (let one = 0; one < PLAYERS; one++) {
      for (let other = 0; other < PLAYERS; other++) {
        this.#chances[one * PLAYERS + other] = 1 / (1 + 10 ** ((ratings[other] - ratings[one]) / 400));
      }
    }
  }

  /** Play the tournament out once: who wins it? */
  #once() {
    const points = this.#points.fill(0);
    for (let round = 1; round <= ROUNDS; round++) {
      for (let one = 0; one < BOARDS; one++) {
        const other = BOARDS + ((one + round) % BOARDS);
        const luck = this.#dice.next();
        const edge = this.#chances[one * PLAYERS + other] - luck;
        const score = edge > 0.15 ? 1 : edge < -0.15 ? 0 : 0.5;
        points[one] += score;
        points[other] += 1 - score;
      }
    }
    let best = 0;
    for (let player = 1; player < PLAYERS; player++) if (points[player] > points[best]) best = player;
    return best;
  }

  /** Work for a few milliseconds at a time, and let others in between. */
  async run(times) {
    const wins = new Uint32Array(PLAYERS);
    for (let done = 0; done < times; ) {
      const until = performance.now() + PIECE;
      while (done < times && performance.now() < until) {
        for (let few = 0; few < 50 && done < times; few++, done++) wins[this.#once()]++;
      }
      await new Promise(setImmediate);
    }
    this.wins = wins;
  }
}

class Tournament {
  #dice = new Dice(1851);
  boards = [];

  constructor() {
    for (let number = 0; number < BOARDS; number++) this.#begin(number);
  }

  #begin(number) {
    this.boards[number] = new Board(number + 1, `player ${number + 1}`, `player ${number + BOARDS + 1}`);
  }

  /** What the sensors report: a move on one board. */
  move() {
    const number = this.#dice.below(BOARDS);
    if (this.boards[number].moves.length >= MOST_MOVES) this.#begin(number);
    const square = () => "abcdefgh"[this.#dice.below(8)] + (1 + this.#dice.below(8));
    this.boards[number].play("NBRQK"[this.#dice.below(5)] + square(), 5 + this.#dice.below(110));
  }
}

function answerer(tournament, forecast) {
  return (request, response) => {
    const [, kind, number] = request.url.split("/");
    const board = kind === "board" ? tournament.boards[number - 1] : null;
    const body = board ? board.encoded() : kind === "forecast" ? JSON.stringify([...forecast.wins]) : null;
    response.writeHead(body ? 200 : 404, { "Content-Type": "application/json" });
    response.end(body || "{}");
  };
}

const tournament = new Tournament();
const forecast = new Forecast(Float64Array.from({ length: PLAYERS }, (_, player) => 2700 - player * 9));
setInterval(() => tournament.move(), 40);
(async () => {
  for (;;) {
    await forecast.run(PLAYED_OUT);
    const shares = [...forecast.wins].map((wins) => (wins / PLAYED_OUT).toFixed(4));
    await fs.promises.writeFile("forecast.txt", shares.join("\n"));
    await new Promise((resolve) => setTimeout(resolve, 1800));
  }
})();
const server = http.createServer(answerer(tournament, forecast));
server.listen(0, "127.0.0.1", () => {
  const paths = tournament.boards.map((board) => `/board/${board.number}`).concat("/forecast");
  const followers = [CLIENTS, "http", String(server.address().port), paths.join(","), "200", "8"];
  spawn("python3", followers, { stdio: "ignore" }).on("exit", () => console.log("ready", process.pid));
});
