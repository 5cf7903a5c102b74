// expect: pattern=connection-per-request bench
// The reception of a blood donation service: before a donor is let through, it asks the national register, on whose line
// protocol each connection begins with a greeting and a log-in, whether the donor is deferred, and works out when the
// donor may come again.
// Measured: a donor takes 16 ms, of which 5 ms are for the question itself; 5 ms in the twin.
const fs = require("fs");
const http = require("http");
const net = require("net");
const os = require("os");
const path = require("path");
const { execFileSync, spawn } = require("child_process");

const BESIDE = path.join(__dirname, "..", "..");
const DAY = 24 * 3600 * 1000;
const INTERVALS = { whole: 56, plasma: 14, platelets: 28 }; // days
const YEARLY = { f: 4, m: 6 };
const TODAY = Date.UTC(2024, 2, 11);

/** The register itself, elsewhere: it checks a password before it answers. */
const REGISTER = `
import socketserver, sys, time
sys.path.append(sys.argv[1])
import services

class Line(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        self.wfile.write(b"220 donor register\\n")
        for line in self.rfile:
            verb, *words = line.split()
            if verb == b"LOGIN":
                time.sleep(0.006)
                self.wfile.write(b"230 welcome\\n")
            elif verb == b"DONOR":
                time.sleep(0.003)
                number = int(words[0])
                days = 7 + number * 31 % 90
                until = number * 13 % 40 if number % 9 == 0 else 0
                self.wfile.write(b"200 %d %d %d %s\\n" % (days, number % 7, until, b"fm"[number % 2 :][:1]))
            else:
                return

server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Line)
server.daemon_threads = True
services.outside(server.serve_forever)
print(server.server_address[1])
`;

/** A connection to the register, on which one question is under way at a time. */
class Line {
  #socket;
  #rest = "";
  #waiting = null;

  constructor(port) {
    this.#socket = net.connect({ port, host: "127.0.0.1", noDelay: true }); // <- cost
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (got) => this.#take(got));
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("the register hung up")));
  }

  #take(got) {
    this.#rest += got;
    const end = this.#rest.indexOf("\n");
    if (end >= 0 && this.#waiting) {
      const line = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + 1);
      const { resolve } = this.#waiting;
      this.#waiting = null;
      resolve(line);
    }
  }

  #fail(error) {
    this.#waiting?.reject(error);
    this.#waiting = null;
  }

  /** Send `line`, if any, and wait for the answer, which must begin with `code`. */
  async say(line, code) {
    if (this.#socket.destroyed) throw new Error("the register hung up");
    const answer = await new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (line) this.#socket.write(`${line}\n`);
      this.#take("");
    });
    if (!answer.startsWith(code)) throw new Error(`the register says ${answer}`);
    return answer.slice(code.length + 1).split(" ");
  }

  async login(site) {
    await this.say(null, "220"); // <- cost
    await this.say(`LOGIN ${site.name} ${site.password}`, "230"); // <- cost
    return this;
  }

  close() {
    this.#socket.end("QUIT\n");
  }
}

class Register {
  #port;
  #site;

  constructor(port, site) {
    this.#port = port;
    this.#site = site;
  }

  async donor(number) {
    const line = await new Line(this.#port).login(this.#site); // <- cost
    try {
      const [days, donations, deferred, sex] = await line.say(`DONOR ${number}`, "200");
      return { last: TODAY - days * DAY, donations: Number(donations), deferred: Number(deferred), sex };
    } finally {
      line.close(); // <- cost
    }
  }
}

class Reception {
  #register;
  donors = 0;
  waited = 0;

  constructor(register) {
    this.#register = register;
  }

  /** The first day on which a donor may give `product`. */
  next(donor, product) {
    const rested = donor.last + INTERVALS[product] * DAY;
    const allowed = donor.deferred ? TODAY + donor.deferred * DAY : TODAY;
    const full = product === "whole" && donor.donations >= YEARLY[donor.sex];
    return Math.max(rested, allowed, full ? donor.last + 365 * DAY : 0, TODAY);
  }

  async arrive(number, product) {
    const began = performance.now();
    const donor = await this.#register.donor(number); // <- cost
    this.waited += performance.now() - began;
    this.donors++;
    const may = this.next(donor, product);
    return { donor: number, product, welcome: may === TODAY, next: new Date(may).toISOString().slice(0, 10) };
  }
}

function desk(reception) {
  return http.createServer(async (request, response) => {
    const [, , number, product] = request.url.split("/");
    let status = 200;
    let content;
    if (!/^\d+$/.test(number) || !(product in INTERVALS)) {
      status = 404;
      content = { error: "no such donor or product" };
    } else {
      try {
        content = await reception.arrive(Number(number), product); // <- cost
      } catch (error) {
        status = 502;
        content = { error: error.message };
      }
    }
    const body = JSON.stringify(content);
    response.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
    response.end(body);
  });
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "reception-"));
const told = execFileSync("python3", ["-c", REGISTER, BESIDE], { stdio: ["ignore", "pipe", "ignore"] });
const reception = new Reception(new Register(Number(told), { name: "site-14", password: "opal" }));
const server = desk(reception);
server.listen(0, "127.0.0.1", () => {
  const products = Object.keys(INTERVALS);
  const paths = Array.from({ length: 60 }, (_, each) => `/arrival/${70400 + each * 17}/${products[each % 3]}`).join(",");
  const donors = [path.join(BESIDE, "clients.py"), "http", String(server.address().port), paths, "60", "4"];
  spawn("python3", donors, { stdio: "ignore" }).on("exit", () => console.log("ready", process.pid));
});
setInterval(() => {
  const mean = (reception.waited / reception.donors).toFixed(2);
  fs.writeFile(path.join(folder, "reception.txt"), `${reception.donors} donors, ${mean} ms each\n`, () => {});
}, 2000);
