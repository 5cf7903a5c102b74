// expect: pattern=uncompressed-transfer bench
// A border station of the freight railway: the neighbour's railway fetches the consignment list of each train that stands
// at the border, over the line between the two, while the scale in the track still adds weights to it.
// Measured: a list takes 0.40 s on the line; 0.12 s in the twin.
const fs = require("fs");
const http = require("http");
const os = require("os");
const path = require("path");
const { spawn } = require("child_process");

const BESIDE = path.join(__dirname, "..", "..");
const LINE = 400000; // bytes a second that the line to a neighbour's office carries
const OFFICES = 4;
const WAGONS = 38;
const GOODS = [
  ["2523.29", "Portland cement, in bulk", null],
  ["7208.51", "Flat-rolled products of iron, hot-rolled, in coils", null],
  ["2710.19", "Gas oil with a sulphur content of at most 0,001 % by weight", "30/1202"],
  ["1001.99", "Wheat other than durum, for milling", null],
  ["2814.10", "Anhydrous ammonia", "268/1005"],
  ["4403.23", "Spruce in the rough, of a cross-section of 15 cm or more", null],
];
const STATIONS = ["Rotterdam Maasvlakte", "Linz Stahlwerke", "Košice", "Tarvisio Boscoverde", "Poznań Franowo", "Göteborg"];

/** Numbers that are the same in each run. */
function dice(seed) {
  let state = seed;
  return (most) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % most;
  };
}

class Wagon {
  constructor(place, roll) {
    this.place = place;
    this.number = `${31 + roll(7)}${80 + roll(8)}${1000000 + roll(8999999)}${roll(10)}`;
    this.tare = 18000 + roll(9000);
    this.weighed = null;
    this.consignments = Array.from({ length: 2 + roll(12) }, () => {
      const [code, description, hazard] = GOODS[roll(GOODS.length)];
      return {
        consignmentNumber: `CIM-${100000000 + roll(800000000)}`,
        goods: { harmonisedCode: code, description, dangerousGoods: hazard },
        declaredMassKilograms: 4000 + roll(9000),
        forwardingStation: STATIONS[roll(STATIONS.length)],
        destinationStation: STATIONS[roll(STATIONS.length)],
        consignor: { name: `Consignor ${roll(400)} Handelsgesellschaft`, customerCode: 300000 + roll(90000) },
        consignee: { name: `Consignee ${roll(400)} Logistics Limited`, customerCode: 300000 + roll(90000) },
        chargesPaidBy: roll(2) ? "consignor" : "consignee",
        customsStatus: roll(3) ? "released for transit" : "inspection pending",
        seals: Array.from({ length: 1 + roll(3) }, () => `SEAL${10000000 + roll(89999999)}`),
      };
    });
  }

  get declared() {
    return this.consignments.reduce((sum, each) => sum + each.declaredMassKilograms, 0);
  }

  weigh(gross) {
    this.weighed = { grossKilograms: gross, at: new Date().toISOString() };
  }
}

class Train {
  #body = null;

  constructor(number, roll) {
    this.number = number;
    this.wagons = Array.from({ length: WAGONS }, (_, place) => new Wagon(place + 1, roll));
  }

  /** The scale has weighed a wagon. */
  weighed(place, gross) {
    this.wagons[place].weigh(gross);
    this.#body = null;
  }

  /** The list as it is sent; it is made anew only after a change. */
  body() {
    this.#body ??= Buffer.from(
      JSON.stringify({ trainNumber: this.number, handoverPoint: "border kilometre 41.3", wagons: this.wagons }),
    );
    return this.#body;
  }

  overloaded() {
    return this.wagons.filter((wagon) => wagon.weighed && wagon.weighed.grossKilograms > wagon.tare + wagon.declared * 1.02);
  }
}

class Scale {
  #trains;
  #roll = dice(17);
  #at = 0;

  constructor(trains) {
    this.#trains = trains;
  }

  /** The next wagon rolls over the scale. */
  next() {
    const train = this.#trains[Math.floor(this.#at / WAGONS) % this.#trains.length];
    const place = this.#at++ % WAGONS;
    const wagon = train.wagons[place];
    train.weighed(place, wagon.tare + Math.round(wagon.declared * (0.97 + this.#roll(60) / 1000)));
  }
}

class BorderOffice {
  #trains;
  #started = Date.now();
  sent = 0;

  constructor(trains) {
    this.#trains = new Map(trains.map((train) => [String(train.number), train]));
  }

  answer(request, response) {
    const train = this.#trains.get(request.url.split("/")[2]);
    if (!train) {
      response.writeHead(404, { "Content-Length": 0 }).end();
      return;
    }
    const body = train.body();
    const head = { "Content-Type": "application/json", "Content-Length": body.length, "Cache-Control": "no-cache" };
    response.on("finish", () => this.sent++);
    response.writeHead(200, head); // <- cost
    response.end(body); // <- cost
  }

  state() {
    const lines = [...this.#trains.values()].map((train) => `${train.number}: ${train.overloaded().length} overloaded`);
    const seconds = (Date.now() - this.#started) / 1000;
    return [`${this.sent} lists, ${(this.sent / seconds).toFixed(2)} a second`, ...lines].join("\n");
  }
}

/** The address of this machine on the line. */
function lineAddress() {
  const all = Object.values(os.networkInterfaces()).flat();
  return all.find((each) => each.family === "IPv4" && !each.internal)?.address ?? "127.0.0.1";
}

function main() {
  const roll = dice(41);
  const trains = [48201, 48203, 48307, 41855].map((number) => new Train(number, roll));
  const scale = new Scale(trains);
  const office = new BorderOffice(trains);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "border-"));
  setInterval(() => scale.next(), 700);
  setInterval(() => fs.writeFile(path.join(folder, "state.txt"), office.state(), () => {}), 3000);
  const server = http.createServer((request, response) => office.answer(request, response)); // <- cost
  const host = lineAddress();
  server.listen(0, host, () => {
    const clients = path.join(BESIDE, "clients.py");
    const words = ["slow", host, server.address().port, `/train/${trains[1].number}`, LINE, OFFICES].map(String);
    spawn("python3", [clients, ...words], { stdio: "ignore" }).on("exit", () => console.log("ready", process.pid));
  });
}

main();
