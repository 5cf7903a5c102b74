// expect: pattern=repeated-computation bench
// The packing desk of a bookbinder's shop online: which orders go out with a carrier's next van, their parcels by weight, and
// the labels. Customers' addresses are kept encrypted; the desk opens them with a key that comes from the shop's passphrase.
// Measured: the labels of a van take 7.3 ms, 95 % of it to derive the key; 0.25 ms in the twin.
const crypto = require("crypto");
const fs = require("fs");
const http = require("http");
const os = require("os");
const path = require("path");
const { spawn } = require("child_process");

const BESIDE = path.join(__dirname, "..", "..");
const CARRIERS = {
  post: { most: 10000, rates: [[500, 275], [2000, 449], [5000, 719], [10000, 1049]] },
  parcel: { most: 31500, rates: [[2000, 499], [5000, 699], [10000, 999], [31500, 1999]] },
  courier: { most: 20000, rates: [[1000, 1290], [5000, 1590], [20000, 2490]] },
};
const GOODS = [
  { name: "goat skin, black", grams: 420 },
  { name: "marbled paper, 10 sheets", grams: 610 },
  { name: "bone folder", grams: 35 },
  { name: "nipping press", grams: 8900 },
  { name: "bookcloth, 5 m", grams: 1250 },
  { name: "linen thread", grams: 60 },
  { name: "wheat paste", grams: 500 },
  { name: "grey board, 20", grams: 3900 },
];
const TOWNS = ["Ghent", "Leipzig", "Porto", "Aarhus", "Graz", "Lyon", "Siena", "Malmö"];
const ORDERS = 240;
const VAN = 6; // orders that the next van takes
const ROUNDS = 2500; // as the shop's passphrase rule asks

/** Opens and closes what may not be read in a stolen backup. */
class Vault {
  #passphrase;
  #salt;

  constructor(passphrase, salt) {
    this.#passphrase = passphrase;
    this.#salt = salt;
  }

  #key() {
    return crypto.pbkdf2Sync(this.#passphrase, this.#salt, ROUNDS, 32, "sha256"); // <- cost
  }

  close(content, nonce) {
    const cipher = crypto.createCipheriv("aes-256-gcm", this.#key(), nonce); // <- cost
    const closed = Buffer.concat([cipher.update(JSON.stringify(content), "utf8"), cipher.final()]);
    return { nonce, closed, tag: cipher.getAuthTag() };
  }

  open({ nonce, closed, tag }) {
    const decipher = crypto.createDecipheriv("aes-256-gcm", this.#key(), nonce); // <- cost
    decipher.setAuthTag(tag);
    return JSON.parse(decipher.update(closed, undefined, "utf8") + decipher.final("utf8"));
  }
}

class Order {
  constructor(number, vault) {
    this.number = number;
    this.carrier = Object.keys(CARRIERS)[number % 3];
    this.lines = Array.from({ length: 1 + (number % 4) }, (_, at) => ({
      goods: GOODS[(number * 5 + at * 3) % GOODS.length],
      pieces: 1 + ((number + at) % 3),
    }));
    const address = {
      name: `Customer ${number}`,
      street: `Mill Lane ${1 + ((number * 7) % 90)}`,
      town: `${10000 + ((number * 389) % 80000)} ${TOWNS[number % TOWNS.length]}`,
    };
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32BE(number, 8);
    this.address = vault.close(address, nonce);
  }

  get grams() {
    return this.lines.reduce((sum, { goods, pieces }) => sum + goods.grams * pieces, 0);
  }

  /** The weights of its parcels: single pieces, the heaviest first, into the first parcel that has room. */
  parcels(most) {
    const pieces = this.lines.flatMap((line) => Array(line.pieces).fill(line.goods.grams)).sort((a, b) => b - a);
    const parcels = [];
    for (const grams of pieces) {
      const at = parcels.findIndex((parcel) => parcel + grams <= most);
      if (at < 0) parcels.push(grams);
      else parcels[at] += grams;
    }
    return parcels;
  }
}

class Desk {
  #vault;
  #waiting = new Map();
  vans = 0;
  spent = 0;

  constructor(vault) {
    this.#vault = vault;
    for (const carrier of Object.keys(CARRIERS)) this.#waiting.set(carrier, []);
    for (let number = 1; number <= ORDERS; number++) {
      const order = new Order(number, vault);
      this.#waiting.get(order.carrier).push(order);
    }
  }

  label(order, { most, rates }) {
    const { name, street, town } = this.#vault.open(order.address); // <- cost
    const parcels = order.parcels(most);
    return parcels.map((grams, at) => {
      const [, cents] = rates.find(([upTo]) => grams <= upTo);
      const postage = (cents / 100).toFixed(2);
      return [name, street, town, `order ${order.number}, ${at + 1} of ${parcels.length}`, `${grams} g ${postage}`].join("\n");
    });
  }

  /** The labels for the next van of a carrier; its orders are packed again next week. */
  van(carrier) {
    const waiting = this.#waiting.get(carrier);
    if (!waiting) return null;
    const began = performance.now();
    const orders = waiting.splice(0, VAN);
    const labels = orders.flatMap((order) => this.label(order, CARRIERS[carrier])); // <- cost
    waiting.push(...orders);
    this.spent += performance.now() - began;
    this.vans++;
    return `${labels.join("\n\n")}\n`;
  }

  grams(carrier) {
    return this.#waiting.get(carrier).reduce((sum, order) => sum + order.grams, 0);
  }
}

function server(desk) {
  return http.createServer((request, response) => {
    const text = desk.van(request.url.split("/")[2]); // <- cost
    const body = text ?? "no such carrier\n";
    response.writeHead(text ? 200 : 404, {
      "Content-Type": "text/plain; charset=utf-8",
      "Content-Length": Buffer.byteLength(body),
    });
    response.end(body);
  });
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "packing-"));
const desk = new Desk(new Vault("kettle stitch over raised cords", "shop-7"));
const served = server(desk);
served.listen(0, "127.0.0.1", () => {
  const port = String(served.address().port);
  const paths = Object.keys(CARRIERS).map((carrier) => `/van/${carrier}`);
  const packers = [path.join(BESIDE, "clients.py"), "http", port, paths.join(","), "60", "3"];
  spawn("python3", packers, { stdio: "ignore" }).on("exit", () => console.log("ready", process.pid));
});
setInterval(() => {
  const left = Object.keys(CARRIERS).map((carrier) => `${carrier}: ${desk.grams(carrier)} g`);
  const mean = (desk.spent / Math.max(1, desk.vans)).toFixed(2);
  fs.writeFile(path.join(folder, "desk.txt"), `${desk.vans} vans, ${mean} ms each\n${left.join("\n")}\n`, () => {});
}, 2000);
