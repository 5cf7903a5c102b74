// expect: healthy bench
// Tells people who look for a hotel room of new vacancies. They come in bursts: every two seconds a batch of a few
// thousand searches is matched through an index and the mails are written in one piece; then it rests.
const fs = require("fs");
const { writeFile, rename } = require("fs/promises");
const { EventEmitter } = require("events");

const TOWNS = ["Aurich", "Bremen", "Celle", "Dresden", "Erfurt", "Fulda", "Goslar", "Husum", "Ilmenau", "Jena"];
const SEARCHES = 6000;
const log = fs.openSync("mails.log", "w");

/** Who looks for what, by town and night. */
class Searches {
  #index = new Map();

  add(search) {
    for (let night = search.from; night < search.to; night++) {
      const key = `${search.town}/${night}`;
      const there = this.#index.get(key);
      if (there) there.push(search);
      else this.#index.set(key, [search]);
    }
  }

  *wanting({ town, night, beds, cents }) {
    for (const search of this.#index.get(`${town}/${night}`) ?? []) {
      if (search.beds <= beds && search.most >= cents) yield search;
    }
  }
}

function makeSearches() {
  const searches = new Searches();
  for (let number = 0; number < SEARCHES; number++) {
    const from = (number * 7919) % 360;
    searches.add({
      mail: `guest${number}@example.org`,
      name: `Guest <${number}>`,
      town: TOWNS[(number * 31) % TOWNS.length],
      from,
      to: from + 1 + (number % 6),
      beds: 1 + (number % 4),
      most: 5000 + ((number * 104729) % 15000),
    });
  }
  return searches;
}

/** The reservation systems of the hotels: quiet, and then all at once. */
class Vacancies extends EventEmitter {
  #burst = 0;

  start() {
    setInterval(() => {
      const first = ++this.#burst * 2500;
      const batch = Array.from({ length: 2500 }, (_, n) => ({
        hotel: `Hotel ${(first + n) % 811}`,
        town: TOWNS[((first + n) * 13) % TOWNS.length],
        night: ((first + n) * 37) % 365,
        beds: 1 + ((first + n) % 4),
        cents: 4500 + (((first + n) * 6151) % 16000),
      }));
      this.emit("batch", batch);
    }, 2000);
  }
}

const plain = (text) => text.replace(/[<>]/g, "");
const price = (cents) => `${(cents / 100).toFixed(2)} EUR`;

function mail({ name, mail: address }, offers) {
  const best = offers.sort((a, b) => a.cents - b.cents).slice(0, 5);
  const lines = best.map(({ hotel, town, night, cents }) => `  ${hotel} in ${town}, night ${night}: ${price(cents)}`);
  return `To: ${address}\nSubject: ${offers.length} rooms for you\n\nDear ${plain(name)},\n${lines.join("\n")}\n.\n`;
}

class Mailer {
  constructor(searches) {
    this.searches = searches;
    this.batches = this.mails = this.matches = 0;
    this.busy = 0;
  }

  async handle(batch) {
    const began = performance.now();
    const offers = new Map();
    for (const vacancy of batch) {
      for (const search of this.searches.wanting(vacancy)) {
        const before = offers.get(search);
        if (before) before.push(vacancy);
        else offers.set(search, [vacancy]);
        this.matches++;
      }
    }
    const mails = [];
    for (const [search, found] of offers) mails.push(mail(search, found));
    await writeFile("outgoing.new", mails.join(""));
    await rename("outgoing.new", "outgoing.txt");
    this.mails += mails.length;
    this.batches++;
    this.busy += performance.now() - began;
  }
}

const mailer = new Mailer(makeSearches());
const vacancies = new Vacancies();
vacancies.on("batch", (batch) => {
  mailer.handle(batch).then(
    () => {
      const each = (mailer.busy / mailer.batches).toFixed(1);
      fs.writeSync(log, `${Math.round(performance.now())} ${mailer.batches} batches, ${each} ms each, ${mailer.mails} mails\n`);
    },
    (error) => fs.writeSync(log, `a batch failed: ${error.message}\n`),
  );
});
vacancies.start();
console.log("ready", process.pid);
