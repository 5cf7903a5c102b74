// expect: healthy bench
// The lobby of a card-game site: guests ask who waits at which stake, sit down, and get up; two of like strength are brought
// together, and a bot of the house plays the hand out to see who is favoured. The list of tables is put into words once for
// all who ask until it changes; what happened goes into a log, a block at a time.
// Measured: some 500 questions a second and 150 to 200 matches, of 0.6 ms each: a tenth to a fifth of a core.
const fs = require("fs");
const net = require("net");
const path = require("path");
const { spawn } = require("child_process");

const CLIENTS = path.join(__dirname, "..", "..", "clients.py");
const STAKES = [1, 5, 25, 100];
const GUESTS = 4000;
const APART = 150; // points of rating between two who play
const PLAYED_OUT = 2000;
const KEPT_MATCHES = 500;
const LOG_EVERY = 1000; // milliseconds
const LOG_MOST = 1 << 20;

class Dice {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  below(most) {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 4294967296) * most);
  }
}

/** A deck that is shuffled in place, for the bot of the house. */
class Bot {
  #deck = Uint8Array.from({ length: 52 }, (_, card) => card);
  #counts = new Uint8Array(13);

  constructor(dice) {
    this.dice = dice;
  }

  #draw(cards) {
    for (let at = 0; at < cards; at++) {
      const other = at + this.dice.below(52 - at);
      const card = this.#deck[at];
      this.#deck[at] = this.#deck[other];
      this.#deck[other] = card;
    }
  }

  #worth(from) {
    const counts = this.#counts.fill(0);
    let most = 0;
    let high = 0;
    for (let at = from; at < from + 5; at++) {
      const rank = this.#deck[at] >> 2;
      counts[rank]++;
      if (counts[rank] > most || (counts[rank] === most && rank > high)) {
        most = counts[rank];
        high = rank;
      }
    }
    return most * 13 + high;
  }

  /** How often the first of two wins, if both play as the house would. */
  favour(edge) {
    let wins = 0;
    for (let hand = 0; hand < PLAYED_OUT; hand++) {
      this.#draw(10);
      if (this.#worth(0) + edge > this.#worth(5)) wins++;
    }
    return wins / PLAYED_OUT;
  }
}

/** Those who wait at one stake, by their rating in steps. */
class Stake {
  waiting = new Map();
  #told = null;

  constructor(cents) {
    this.cents = cents;
  }

  changed() {
    this.#told = null;
  }

  /** The line that is shown to all. */
  told() {
    if (this.#told === null) {
      const guests = [...this.waiting.values()].map(({ name, rating }) => `${name}:${rating}`);
      this.#told = `STAKE ${this.cents} ${guests.length} ${guests.join(",")}\n`;
    }
    return this.#told;
  }

  opponent(guest) {
    for (const other of this.waiting.values()) {
      if (other !== guest && Math.abs(other.rating - guest.rating) < APART) return other;
    }
    return null;
  }
}

/** What happened, in a file that begins anew when it is long. */
class Log {
  #lines = [];
  #size = 0;

  constructor(file) {
    this.file = file;
    setInterval(() => this.#write().catch((error) => console.error(error.message)), LOG_EVERY);
  }

  note(line) {
    this.#lines.push(line);
  }

  async #write() {
    if (this.#lines.length === 0) return;
    const block = this.#lines.join("\n") + "\n";
    this.#lines = [];
    const flag = this.#size > LOG_MOST ? "w" : "a";
    this.#size = flag === "w" ? block.length : this.#size + block.length;
    await fs.promises.writeFile(this.file, block, { flag });
  }
}

class Lobby {
  stakes = new Map(STAKES.map((cents) => [cents, new Stake(cents)]));
  matches = [];
  #next = 0;
  played = 0;

  constructor(log) {
    this.log = log;
    this.dice = new Dice(1776);
    this.bot = new Bot(this.dice);
    this.guests = Array.from({ length: GUESTS }, (_, number) => ({
      name: `guest${number}`,
      rating: 900 + this.dice.below(1400),
      seat: null,
    }));
  }

  sit(guest, cents) {
    const stake = this.stakes.get(cents);
    if (!stake || guest.seat) return "NO\n";
    const other = stake.opponent(guest);
    if (!other) {
      stake.waiting.set(guest.name, guest);
      stake.changed();
      guest.seat = stake;
      return `WAIT ${cents}\n`;
    }
    stake.waiting.delete(other.name);
    stake.changed();
    other.seat = null;
    return this.#match(guest, other, cents);
  }

  #match(guest, other, cents) {
    const favour = this.bot.favour((guest.rating - other.rating) / 40);
    const shift = Math.round(16 * (1 - favour));
    guest.rating += shift;
    other.rating -= shift;
    this.matches[this.#next] = { guest: guest.name, other: other.name, cents, favour };
    this.#next = (this.#next + 1) % KEPT_MATCHES;
    this.played++;
    this.log.note(`${guest.name} ${other.name} ${cents} ${favour.toFixed(2)}`);
    return `PLAY ${other.name} ${favour.toFixed(2)}\n`;
  }

  rise(guest) {
    if (!guest.seat) return "NO\n";
    guest.seat.waiting.delete(guest.name);
    guest.seat.changed();
    guest.seat = null;
    return "UP\n";
  }

  answer(line) {
    const [word, value] = line.split(" ");
    const guest = this.guests[this.dice.below(GUESTS)];
    if (word === "SIT") return this.sit(guest, Number(value));
    if (word === "RISE") return this.rise(guest);
    if (word === "LIST") return [...this.stakes.values()].map((stake) => stake.told()).join("");
    return "WHAT\n";
  }
}

/** Lines of one guest; the answers to what came together leave together. */
function serve(lobby, socket) {
  let rest = "";
  socket.setEncoding("utf8").setNoDelay(true);
  socket.on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    const answers = lines.map((line) => lobby.answer(line) + "\n");
    if (answers.length > 0) socket.write(answers.join(""));
  });
  socket.on("error", () => socket.destroy());
}

const lobby = new Lobby(new Log("lobby.log"));
setInterval(() => console.log(`${lobby.played} matches, ${Math.round(process.cpuUsage().user / 1000)} ms of CPU`), 2000);
const server = net.createServer((socket) => serve(lobby, socket));
server.listen(0, "127.0.0.1", () => {
  const questions = ["LIST", "SIT 5", "SIT 1", "LIST", "SIT 25", "RISE", "SIT 100"].join(",");
  const guests = [CLIENTS, "lines", String(server.address().port), questions, "24", "0.04"];
  spawn("python3", guests, { stdio: "ignore" }).on("exit", () => console.log("ready", process.pid));
});
