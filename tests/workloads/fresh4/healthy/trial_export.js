// expect: healthy bench
// Exports the visits of a clinical trial for the authorities: each visit is made anonymous, becomes a line of JSON, and
// the lines go packed into a file for each site. When all sites are done, the next night begins.
const crypto = require("crypto");
const fs = require("fs");
const { Readable, Transform } = require("stream");
const { pipeline } = require("stream/promises");
const zlib = require("zlib");

const SITES = 6;
const PATIENTS = 400;
const VISITS = 12;
const BATCH = 50;
const log = fs.openSync("export.log", "w");
const counts = { visits: 0, nights: 0, refused: 0, bytes: 0 };

/** The pseudonyms of the patients of a site: the same person has the same one at each visit. */
class Pseudonyms {
  #known = new Map();

  constructor(key) {
    this.key = key;
  }

  of(patient) {
    let name = this.#known.get(patient);
    if (!name) {
      name = crypto.createHmac("sha256", this.key).update(patient).digest("base64url").slice(0, 12);
      this.#known.set(patient, name);
    }
    return name;
  }
}

function* visits(site, night) {
  for (let number = 0; number < PATIENTS; number++) {
    for (let visit = 0; visit < VISITS; visit++) {
      const seed = site * 7919 + number * 31 + visit * 7 + night;
      yield {
        patient: `${site}-${number}`,
        visit,
        born: 1930 + (seed % 75),
        consent: seed % 401 !== 0,
        pressure: { systolic: 105 + (seed % 60), diastolic: 62 + (seed % 35) },
        laboratory: Array.from({ length: 9 }, (_, n) => ({ code: `L${n}`, value: ((seed * (n + 3)) % 1000) / 10, unit: "mmol/l" })),
        remarks: seed % 9 === 0 ? ["headache", "came late"] : [],
      };
    }
  }
}

/** What may leave the house: no names, an age instead of a birthday, and what was found. */
function anonymous(visit, pseudonyms) {
  const { patient, born, consent, laboratory, ...rest } = visit;
  const abnormal = laboratory.filter(({ value }) => value > 95).map(({ code }) => code);
  return { subject: pseudonyms.of(patient), decade: Math.floor((2026 - born) / 10), ...rest, laboratory, abnormal };
}

/** Visits to lines of JSON, some at a time. */
class Lines extends Transform {
  #waiting = [];

  constructor(pseudonyms) {
    super({ writableObjectMode: true });
    this.pseudonyms = pseudonyms;
  }

  _transform(visit, _, done) {
    if (!visit.consent) {
      counts.refused++;
      return done();
    }
    counts.visits++;
    this.#waiting.push(JSON.stringify(anonymous(visit, this.pseudonyms)));
    if (this.#waiting.length >= BATCH) this.#give();
    done();
  }

  _flush(done) {
    if (this.#waiting.length) this.#give();
    done();
  }

  #give() {
    this.push(`${this.#waiting.join("\n")}\n`);
    this.#waiting = [];
  }
}

async function exportSite(site, night) {
  const path = `site-${site}.jsonl.gz`;
  const pseudonyms = new Pseudonyms(`key of site ${site}`);
  const file = fs.createWriteStream(`${path}.part`, { highWaterMark: 1 << 18 });
  await pipeline(Readable.from(visits(site, night)), new Lines(pseudonyms), zlib.createGzip({ level: 5, chunkSize: 1 << 17 }), file);
  counts.bytes += file.bytesWritten;
  await fs.promises.rename(`${path}.part`, path);
}

async function main() {
  const began = performance.now();
  setInterval(() => {
    const seconds = (performance.now() - began) / 1000;
    const { visits, nights, refused, bytes } = counts;
    fs.writeSync(log, `${Math.round(visits / seconds)} visits a second, ${refused} refused, ${nights} nights, ${bytes >> 20} MB\n`);
  }, 1000);
  console.log("ready", process.pid);
  for (let night = 0; ; night++) {
    for (let site = 0; site < SITES; site++) {
      try {
        await exportSite(site, night);
      } catch (problem) {
        fs.writeSync(log, `site ${site}: ${problem.message}\n`);
      }
    }
    counts.nights++;
  }
}

main();
