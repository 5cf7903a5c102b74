// expect: healthy bench
// Imposition for a bookbinder's shop online: for a text block that somebody wants printed and sewn, it works out how many
// sheets make a section, on which paper the pages fit best, and where each page goes on the sheets. Large books are worked
// on in short turns, so that quick questions are answered in between.
// Measured: a book takes 5 ms of computing, in turns of 2 ms; some 45 books a second, 22 % of a core.
const fs = require("fs");
const http = require("http");
const os = require("os");
const path = require("path");
const { spawn } = require("child_process");

const BESIDE = path.join(__dirname, "..", "..");
const TURN = 2; // ms
const KEPT = 200; // books
const PAPERS = [
  { name: "A2 wove", width: 594, height: 420, cents: 34 },
  { name: "SRA2 laid", width: 640, height: 450, cents: 41 },
  { name: "B2 rag", width: 707, height: 500, cents: 58 },
  { name: "royal", width: 635, height: 508, cents: 62 },
  { name: "demy", width: 572, height: 445, cents: 39 },
];

/** The shop's worklist: goes on where it left off, after the loop has looked at everything else. */
class Turns {
  #until = 0;

  begin() {
    this.#until = performance.now() + TURN;
  }

  async rest() {
    if (performance.now() < this.#until) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.begin();
  }
}

/** What is known of books that were asked for lately; the oldest goes first. */
class Recent {
  #books = new Map();

  get(key) {
    const found = this.#books.get(key);
    if (found) {
      this.#books.delete(key);
      this.#books.set(key, found);
    }
    return found;
  }

  put(key, book) {
    this.#books.set(key, book);
    if (this.#books.size > KEPT) this.#books.delete(this.#books.keys().next().value);
  }
}

/** How many leaves of this size a sheet yields, and what is cut away. */
function yieldOf(paper, width, height) {
  const upright = Math.floor(paper.width / width) * Math.floor(paper.height / height);
  const turned = Math.floor(paper.width / height) * Math.floor(paper.height / width);
  const leaves = Math.max(upright, turned);
  return { leaves, waste: paper.width * paper.height - leaves * width * height };
}

/** The thickness of the spine: thread in each fold swells it, more with thin sections. */
function spine(sections, perSection, calliper) {
  let thickness = 0;
  for (let section = 0; section < sections; section++) {
    const pressed = 1 - 0.12 * Math.exp(-section / 6);
    for (let sheet = 0; sheet < perSection; sheet++) {
      thickness += 4 * calliper * pressed * (1 + 0.004 * Math.sqrt(sheet));
    }
    thickness += 0.18 / Math.sqrt(perSection);
  }
  return thickness;
}

/** Each page's sheet, side and place, as they lie when a section is folded. */
function places(section, perSection) {
  const pages = perSection * 4;
  const sheets = new Array(perSection);
  for (let sheet = 0; sheet < perSection; sheet++) {
    const first = section * pages + sheet * 2 + 1;
    const last = (section + 1) * pages - sheet * 2;
    sheets[sheet] = `${section + 1}.${sheet + 1}: ${last}|${first} / ${first + 1}|${last - 1}`;
  }
  return sheets;
}

class Workshop {
  #recent = new Recent();
  books = 0;
  repeated = 0;

  async #best(pages, width, height, turns) {
    let best = null;
    for (let perSection = 2; perSection <= 8; perSection++) {
      const sections = Math.ceil(pages / (perSection * 4));
      const blank = sections * perSection * 4 - pages;
      for (const paper of PAPERS) {
        const { leaves, waste } = yieldOf(paper, width * 2, height);
        if (!leaves) continue;
        for (let weight = 70; weight <= 160; weight += 1) {
          const calliper = weight * 0.00125;
          const thick = spine(sections, perSection, calliper);
          const sheets = Math.ceil((sections * perSection) / leaves);
          const stiff = Math.abs(perSection * weight - 480) / 40;
          const score = (sheets * paper.cents * weight) / 100 + blank * 3 + waste / 4e4 + stiff + Math.abs(thick - pages / 14) * 4;
          if (!best || score < best.score) best = { score, paper: paper.name, perSection, sections, weight, sheets, thick, blank };
        }
        await turns.rest();
      }
    }
    return best;
  }

  async book(pages, width, height) {
    const key = `${pages}/${width}/${height}`;
    const known = this.#recent.get(key);
    if (known) {
      this.repeated++;
      return known;
    }
    const turns = new Turns();
    turns.begin();
    const best = await this.#best(pages, width, height, turns);
    const lines = [`${best.paper}, ${best.weight} g, ${best.sheets} sheets, spine ${best.thick.toFixed(1)} mm`];
    for (let section = 0; section < best.sections; section++) {
      lines.push(...places(section, best.perSection));
      await turns.rest();
    }
    const text = `${lines.join("\n")}\n`;
    this.#recent.put(key, text);
    this.books++;
    return text;
  }

  shelf() {
    return `${PAPERS.map(({ name, cents }) => `${name}: ${(cents / 100).toFixed(2)}`).join("\n")}\n`;
  }
}

function server(workshop) {
  let asked = 0;
  return http.createServer(async (request, response) => {
    const [, what, ...numbers] = request.url.split("/");
    let text;
    if (what === "book" && numbers.length === 2) {
      const [width, height] = numbers.map(Number);
      asked++;
      text = await workshop.book(160 + ((asked * 52) % 641), width, height);
    } else {
      text = workshop.shelf();
    }
    response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": Buffer.byteLength(text) });
    response.end(text);
  });
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "imposition-"));
const workshop = new Workshop();
const served = server(workshop);
served.listen(0, "127.0.0.1", () => {
  const port = String(served.address().port);
  const sizes = ["105/148", "120/190", "129/198", "140/216", "148/210", "156/234", "170/240"];
  const paths = [...sizes.map((size) => `/book/${size}`), "/shelf", "/shelf", "/shelf"].join(",");
  const customers = [path.join(BESIDE, "clients.py"), "http", port, paths, "60", "4"];
  spawn("python3", customers, { stdio: "ignore" }).on("exit", () => console.log("ready", process.pid));
});
setInterval(() => {
  const note = `${workshop.books} books, ${workshop.repeated} known\n`;
  fs.writeFile(path.join(folder, "workshop.txt"), note, () => {});
}, 2000);
