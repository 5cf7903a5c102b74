// expect: pattern=serial-requests bench
// The board of a city's cleaning depot: a district's page lists its litter bins by how full they are, as the gateway of
// the bins' sensors tells it, and proposes which a vehicle should empty on its next tour.
// Measured: a page takes 160 ms, nearly all of it without work; 15 ms in the twin.
const http = require("http");
const path = require("path");
const { execFileSync, spawn } = require("child_process");

const BESIDE = path.join(__dirname, "..", "..");
const DISTRICTS = ["harbour", "mills", "old-town", "park", "station", "hillside"];
const BINS = 14;
const LITRES = 110;
const VEHICLE = 900; // litres that a small vehicle takes

/** The gateway of the sensors: it wakes a sensor by radio, and tells how many twelfths of its bin are full. */
class Gateway {
  #agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  #port;
  asked = 0;

  constructor(port) {
    this.#port = port;
  }

  #get(where) {
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

  async level(bin) {
    this.asked++;
    const { stock } = await this.#get(`/bin/${bin.id}`);
    return stock / 12;
  }
}

class Bin {
  constructor(district, number) {
    this.id = `${district}-${number}`;
    this.place = { x: (number * 37) % 100, y: (number * 61 + district.length * 13) % 100 };
    this.emptied = 0;
  }

  distance(other) {
    return Math.hypot(this.place.x - other.place.x, this.place.y - other.place.y);
  }
}

class Depot {
  #gateway;
  #bins = new Map();
  pages = 0;

  constructor(gateway) {
    this.#gateway = gateway;
    for (const district of DISTRICTS) {
      const bins = Array.from({ length: BINS }, (_, number) => new Bin(district, number));
      this.#bins.set(district, bins);
    }
  }

  /** The bins of a district with their levels, the fullest first. */
  async levels(district) {
    const found = [];
    for (const bin of this.#bins.get(district)) { // <- cost
      const level = await this.#gateway.level(bin); // <- cost
      found.push({ bin, level });
    }
    return found.sort((a, b) => b.level - a.level || a.bin.id.localeCompare(b.bin.id));
  }

  /** What fits into a vehicle, always on to the nearest of the full bins. */
  tour(found) {
    const left = found.filter(({ level }) => level >= 0.5);
    const stops = [];
    let room = VEHICLE;
    let here = left[0];
    while (here && room >= here.level * LITRES) {
      room -= here.level * LITRES;
      stops.push(here.bin.id);
      left.splice(left.indexOf(here), 1);
      const from = here.bin;
      here = left.reduce((best, each) => (!best || from.distance(each.bin) < from.distance(best.bin) ? each : best), null);
    }
    return { stops, litres: Math.round(VEHICLE - room) };
  }

  knows(district) {
    return this.#bins.has(district);
  }

  async page(district) {
    const found = await this.levels(district); // <- cost
    this.pages++;
    const bins = found.map(({ bin, level }) => ({ bin: bin.id, full: Math.round(level * 100) }));
    return { district, bins, tour: this.tour(found) };
  }
}

function send(response, status, content) {
  const body = JSON.stringify(content);
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

function board(depot) {
  return http.createServer(async (request, response) => {
    const district = request.url.split("/")[2];
    if (!depot.knows(district)) {
      send(response, 404, { error: "no such district" });
      return;
    }
    try {
      send(response, 200, await depot.page(district));
    } catch (error) {
      send(response, 502, { error: error.message });
    }
  });
}

const sensors = [path.join(BESIDE, "services.py"), "http", "10"];
const told = execFileSync("python3", sensors, { stdio: ["ignore", "pipe", "ignore"] });
const depot = new Depot(new Gateway(Number(told)));
const server = board(depot);
server.listen(0, "127.0.0.1", () => {
  const paths = DISTRICTS.map((district) => `/district/${district}`).join(",");
  const visitors = [path.join(BESIDE, "clients.py"), "http", String(server.address().port), paths, "5", "4"];
  spawn("python3", visitors, { stdio: "ignore" }).on("exit", () => console.log("ready", process.pid));
});
