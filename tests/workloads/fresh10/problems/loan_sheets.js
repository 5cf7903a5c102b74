// expect: pattern=serial-requests bench
// The herbarium of a museum of natural history prepares loans to other museums: each sheet bears the names that botanists
// have given the plant over two hundred years, the index of names tells of each what it is called today, and the loan's
// list is made of the answers.
// Measured: a delivery of three sheets takes 200 to 235 ms; 15 to 60 ms in the twin.
const { spawn } = require("child_process");
const fs = require("fs");
const http = require("http");
const path = require("path");

const INDEX_MS = "8"; // what the index of names takes for a name
const LOANS = 3; // that are prepared within a period
const PERIOD = 250;
const GENERA = ["Salix", "Carex", "Rubus", "Viola", "Quercus", "Saxifraga", "Gentiana", "Draba", "Primula"];
const EPITHETS = ["alpina", "repens", "montana", "glauca", "hirsuta", "arctica", "nivalis", "lutea", "rosea", "minor"];
const AUTHORS = ["L.", "Hook.", "DC.", "Willd.", "Sm.", "Lam.", "Rchb."];
const BORROWERS = ["Uppsala", "Leiden", "Kew", "Geneva", "Prague"];

function dice(seed) {
  let state = seed >>> 0;
  return (most) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 9) % most;
  };
}

/** Starts the index of names; its port. */
function startIndex() {
  const program = path.join(__dirname, "..", "..", "services.py");
  const index = spawn("python3", [program, "http", INDEX_MS], { stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((told, failed) => {
    index.on("error", failed);
    index.stdout.once("data", (line) => told(Number(line)));
  });
}

class NameIndex {
  #agent = new http.Agent({ keepAlive: true, maxSockets: 24 });
  #port;

  constructor(port) {
    this.#port = port;
  }

  resolve(name) {
    const where = { port: this.#port, path: `/names/${encodeURIComponent(name)}`, agent: this.#agent };
    return new Promise((told, failed) => {
      const asked = http.get(where, (answer) => {
        let body = "";
        answer.setEncoding("utf8");
        answer.on("data", (text) => (body += text));
        answer.on("end", () => told(JSON.parse(body)));
      });
      asked.on("error", failed);
    });
  }
}

/** The cupboards: sheets with what was written on them. */
class Herbarium {
  #next = dice(1753);

  #name() {
    const next = this.#next;
    return `${GENERA[next(9)]} ${EPITHETS[next(10)]} ${AUTHORS[next(7)]}`;
  }

  sheet() {
    const next = this.#next;
    const names = Array.from({ length: 5 + next(4) }, () => this.#name());
    return { number: next(400_000), year: 1790 + next(200), names: [...new Set(names)] };
  }
}

class LoanDesk {
  #index;
  tally = new Map();

  constructor(index) {
    this.#index = index;
  }

  /** What the names on a sheet are called today. */
  async #names(sheet) {
    const found = [];
    for (const name of sheet.names) { // <- cost
      found.push(await this.#index.resolve(name)); // <- cost
    }
    return found;
  }

  #label(sheet, found, borrower) {
    const accepted = found.reduce((a, b) => (b.stock > a.stock ? b : a));
    const lines = sheet.names.map((name, at) => `  ${name} = ${found[at].name}${found[at] === accepted ? " *" : ""}`);
    return `No. ${sheet.number}, ${sheet.year}, to ${borrower}\n${lines.join("\n")}\n`;
  }

  async prepare(sheet, borrower) {
    const found = await this.#names(sheet); // <- cost
    this.tally.set(borrower, (this.tally.get(borrower) ?? 0) + 1);
    return this.#label(sheet, found, borrower);
  }
}

async function main() {
  const desk = new LoanDesk(new NameIndex(await startIndex()));
  const herbarium = new Herbarium();
  const next = dice(11);
  let sheets = 0;
  let spent = 0;
  let last = "";

  async function period() {
    const began = performance.now();
    for (let loan = 0; loan < LOANS; loan++) { // <- cost
      last = await desk.prepare(herbarium.sheet(), BORROWERS[next(BORROWERS.length)]); // <- cost
    }
    spent += performance.now() - began;
    sheets += LOANS;
  }

  await period();
  console.log("ready", process.pid);
  setInterval(() => {
    const loans = [...desk.tally].map(([borrower, count]) => `${borrower}: ${count}`).join(", ");
    const state = `${sheets} sheets, ${(spent / sheets).toFixed(1)} ms each; ${loans}\n${last}`;
    fs.writeFile("loans.txt", state, () => {});
  }, 2000);
  for (;;) {
    const began = performance.now();
    await period(); // <- cost
    const rest = began + PERIOD - performance.now();
    await new Promise((go) => setTimeout(go, Math.max(0, rest)));
  }
}

main();
