// expect: healthy bench
// Finds help for the callers of a legal aid hotline: reads what a caller wrote for the matters of law in it, asks three
// offices at once what they have free, and proposes the clinics that fit best. Each search is entered in the journal.
// Measured: 120 searches a second, 2 ms of CPU time each.
const fs = require("fs");
const http = require("http");
const path = require("path");
const { execFileSync, spawn } = require("child_process");

const BESIDE = path.join(__dirname, "..", "..");
const OFFICES = ["rota", "interpreters", "rooms"];
const QUARTERS = ["northside", "docks", "market", "university", "old-mill", "garden-city"];
const AREAS = {
  housing: /\b(?:rent|evict\w*|landlord|deposit|tenan\w+|mould|repairs?)\b/gi,
  debt: /\b(?:bailiffs?|loans?|arrears|creditors?|owe[ds]?)\b/gi,
  employment: /\b(?:dismiss\w*|sacked|wages?|shifts?|employer|redundan\w+)\b/gi,
  family: /\b(?:custody|divorce\w*|children|maintenance|contact order)\b/gi,
  benefits: /\b(?:sanction\w*|universal credit|appeal\w*|assessment)\b/gi,
};

/** The offices of the hotline's partners, each asked over lines that are kept. */
class Offices {
  #agent = new http.Agent({ keepAlive: true, maxSockets: 24 });
  #port;

  constructor(port) {
    this.#port = port;
  }

  #ask(where) {
    return new Promise((resolve, reject) => {
      const request = http.get({ host: "127.0.0.1", port: this.#port, path: where, agent: this.#agent }, (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("end", () => resolve(JSON.parse(Buffer.concat(parts))));
        answer.on("error", reject);
      });
      request.setTimeout(2000, () => request.destroy(new Error(`no answer about ${where}`)));
      request.on("error", reject);
    });
  }

  /** What each office has free in a quarter. */
  async free(quarter) {
    const answers = await Promise.all(OFFICES.map((office) => this.#ask(`/${office}/${quarter}`)));
    return Object.fromEntries(OFFICES.map((office, at) => [office, answers[at].stock]));
  }
}

/** The last letters that were read; people send theirs twice. */
class Read {
  #areas = new Map();

  of(text) {
    const key = text.slice(0, 400);
    let areas = this.#areas.get(key);
    if (areas) {
      this.#areas.delete(key);
    } else {
      areas = Object.entries(AREAS).map(([area, words]) => ({ area, weight: (text.match(words) ?? []).length }));
      areas = areas.filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight);
    }
    this.#areas.set(key, areas);
    if (this.#areas.size > 100) {
      this.#areas.delete(this.#areas.keys().next().value);
    }
    return areas;
  }
}

/** The journal of the day: entries are written together, once a second. */
class Journal {
  #file = fs.createWriteStream("journal.txt");
  #entries = [];
  written = 0;

  constructor() {
    setInterval(() => this.#flush(), 1000);
  }

  enter(quarter, areas, clinics) {
    this.#entries.push(`${quarter}: ${areas.map(({ area }) => area).join("+")} to ${clinics[0]?.name ?? "nobody"}`);
  }

  #flush() {
    if (this.#entries.length) {
      this.#file.write(this.#entries.join("\n") + "\n");
      this.written += this.#entries.length;
      this.#entries = [];
    }
  }
}

function someClinics() {
  const names = Object.keys(AREAS);
  return Array.from({ length: 400 }, (_, number) => ({
    name: `clinic ${number}`,
    x: (number * 37) % 101,
    y: (number * 59) % 97,
    skills: new Map(names.map((area, at) => [area, ((number >> at) % 4) / 3])),
    load: (number % 9) / 9,
  }));
}

class Finder {
  #offices;
  #clinics = someClinics();
  #read = new Read();
  #journal;
  #text = new TextDecoder();

  constructor(offices, journal) {
    this.#offices = offices;
    this.#journal = journal;
  }

  /** The five clinics that fit best: by their skills, how far they are, and how busy. */
  #fitting(areas, quarter, free) {
    const here = { x: QUARTERS.indexOf(quarter) * 17, y: 50 };
    const scored = this.#clinics.map((clinic) => {
      const skill = areas.reduce((sum, { area, weight }) => sum + weight * clinic.skills.get(area), 0);
      const far = Math.hypot(clinic.x - here.x, clinic.y - here.y) / 40;
      return { name: clinic.name, fit: skill - far - clinic.load + (free.rota > 6 ? 0.5 : 0) };
    });
    return scored.sort((a, b) => b.fit - a.fit).slice(0, 5);
  }

  async search(quarter, body) {
    const areas = this.#read.of(this.#text.decode(body));
    const free = await this.#offices.free(quarter);
    const clinics = this.#fitting(areas, quarter, free);
    this.#journal.enter(quarter, areas, clinics);
    return { quarter, areas, clinics, interpreter: free.interpreters > 0 };
  }
}

function send(response, status, content) {
  const body = JSON.stringify(content);
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

/** What callers wrote, from the web form: here made of sentences that often come. */
function letter(number) {
  const said = [
    "My landlord wants to evict us because the rent was late, and there is mould.",
    "The bailiffs came about arrears that I do not owe any more.",
    "I was sacked without notice and my wages were not paid for two shifts.",
    "After the divorce he does not pay maintenance for the children.",
    "They sanctioned my universal credit and I want to appeal before the assessment.",
  ];
  return `Case ${number}. ` + Array.from({ length: 12 }, (_, n) => said[(number * 7 + n * n) % said.length]).join(" ");
}

const offices = [path.join(BESIDE, "services.py"), "http", "5"];
const port = Number(execFileSync("python3", offices, { stdio: ["ignore", "pipe", "ignore"] }));
const finder = new Finder(new Offices(port), new Journal());
const letters = Array.from({ length: 300 }, (_, number) => Buffer.from(letter(number)));

const server = http.createServer(async (request, response) => {
  const [, quarter, number] = request.url.split("/");
  if (!QUARTERS.includes(quarter)) {
    send(response, 404, { error: "no such quarter" });
    return;
  }
  try {
    send(response, 200, await finder.search(quarter, letters[Number(number) % letters.length]));
  } catch (error) {
    send(response, 502, { error: error.message });
  }
});

server.listen(0, "127.0.0.1", () => {
  const paths = letters.map((_, number) => `/${QUARTERS[number % QUARTERS.length]}/${number}`).join(",");
  const callers = [path.join(BESIDE, "clients.py"), "http", String(server.address().port), paths, "120", "6"];
  spawn("python3", callers, { stdio: "ignore" }).on("exit", () => console.log("ready", process.pid));
});
