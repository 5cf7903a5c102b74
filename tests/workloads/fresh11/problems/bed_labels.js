// expect: pattern=blocking-io bench
// The plant register of a botanical garden: gardeners ask with their handhelds what grows in a bed, and the workshop
// fetches sheets of labels for the engraving machine, packed, with the state of the day.
// Measured (on a crowded machine): a bed is answered after 66 ms in the mean, one of ten after 148 ms;
// 5 ms and 14 ms in the twin.
const { spawn } = require("child_process");
const fs = require("fs");
const http = require("http");
const os = require("os");
const path = require("path");
const zlib = require("zlib");

const GENERA = ["Acer", "Allium", "Betula", "Carex", "Cornus", "Digitalis", "Erica", "Fuchsia", "Gentiana", "Iris"];
const EPITHETS = ["alba", "alpina", "japonica", "montana", "palustris", "rubra", "sylvatica", "vernalis", "vulgaris"];
const ORIGINS = ["Alps", "Carpathians", "Caucasus", "Honshu", "Sichuan", "Tasmania", "Vosges"];
const WIDTHS = ["0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9"]; // of the bars, in mm
const BEDS = 120;
const EACH = 45;
const SHEET_BEDS = 12;

function dice(seed) {
  let state = seed >>> 0;
  return (most) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 9) % most;
  };
}

/** Accessions by bed. */
class Register {
  #beds = [];

  constructor() {
    const next = dice(41);
    for (let bed = 0; bed < BEDS; bed++) {
      const plants = [];
      for (let at = 0; at < EACH; at++) {
        plants.push({
          accession: `${1950 + next(74)}-${String(bed * EACH + at).padStart(5, "0")}`,
          name: `${GENERA[next(GENERA.length)]} ${EPITHETS[next(EPITHETS.length)]}`,
          origin: ORIGINS[next(ORIGINS.length)],
          seen: 0,
        });
      }
      this.#beds.push(plants);
    }
  }

  bed(number) {
    return this.#beds[number];
  }

  inspect(number, when) {
    for (const plant of this.#beds[number]) plant.seen = when;
    return this.#beds[number].map(({ accession, name, seen }) => ({ accession, name, seen }));
  }
}

/** Outlines for the engraver: a plate, two lines of text and a code of bars for each plant. */
class LabelSheet {
  #parts = [];

  constructor(first) {
    this.#parts.push(`<svg xmlns="http://www.w3.org/2000/svg" id="sheet-${first}" width="600mm" height="900mm">\n`);
  }

  #bars(text, x, y) {
    let mark = 7;
    for (let at = 0; at < 24; at++) {
      mark = (Math.imul(mark, 31) + text.charCodeAt(at % text.length)) & 0xffff;
      const width = WIDTHS[mark % WIDTHS.length];
      this.#parts.push(`<rect x="${x + at * 1.5}" y="${y + 18}" width="${width}" height="6"/>`);
    }
  }

  add(plant, at) {
    const x = (at % 8) * 72;
    const y = Math.floor(at / 8) * 28;
    this.#parts.push(`<g><rect x="${x}" y="${y}" width="70" height="26" rx="2"/><text x="${x + 4}" y="${y + 8}">`);
    this.#parts.push(`${plant.name}</text><text x="${x + 4}" y="${y + 15}">${plant.origin} ${plant.accession}</text>`);
    this.#bars(plant.accession + plant.seen, x + 4, y);
    this.#parts.push("</g>\n");
  }

  text() {
    this.#parts.push("</svg>\n");
    return this.#parts.join("");
  }
}

const register = new Register();
const counts = { beds: 0, sheets: 0, packed: 0 };

function sheetFor(first) {
  const sheet = new LabelSheet(first);
  let at = 0;
  for (let bed = first; bed < first + SHEET_BEDS; bed++) {
    for (const plant of register.bed(bed % BEDS)) sheet.add(plant, at++);
  }
  return sheet.text();
}

function send(response, status, type, body, more = {}) {
  response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body), ...more });
  response.end(body);
}

function sendBed(response, number) {
  counts.beds++;
  send(response, 200, "application/json", JSON.stringify(register.inspect(number, Date.now())));
}

function sendSheet(response, first) {
  const packed = zlib.gzipSync(sheetFor(first), { level: 9 }); // <- cost
  counts.sheets++;
  counts.packed += packed.length;
  send(response, 200, "image/svg+xml", packed, { "Content-Encoding": "gzip" });
}

const server = http.createServer((request, response) => {
  const [, what, number] = request.url.split("/");
  const bed = Number(number);
  if (!(bed >= 0 && bed < BEDS)) send(response, 404, "text/plain", "no such bed");
  else if (what === "bed") sendBed(response, bed);
  else if (what === "sheet") sendSheet(response, bed); // <- cost
  else send(response, 404, "text/plain", "not found");
});

/** Gardeners and the workshop, elsewhere. */
function visitors(kind, count, rate, workers) {
  const paths = Array.from({ length: count }, (_, at) => `/${kind}/${Math.floor((at * BEDS) / count)}`).join(",");
  const program = path.join(__dirname, "..", "..", "clients.py");
  const words = [program, "http", server.address().port, paths, rate, workers].map(String);
  return new Promise((done) => spawn("python3", words, { stdio: "ignore" }).on("exit", done));
}

server.listen(0, "127.0.0.1", async () => {
  await Promise.all([visitors("bed", 40, 70, 6), visitors("sheet", 8, 5, 2)]);
  const log = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "garden-")), "register.txt");
  setInterval(() => {
    const { beds, sheets, packed } = counts;
    fs.writeFile(log, `${beds} beds, ${sheets} sheets of ${Math.round(packed / (sheets || 1))} bytes\n`, () => {});
  }, 2000);
  console.log("ready", process.pid);
});
