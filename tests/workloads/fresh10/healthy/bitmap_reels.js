// expect: healthy bench
// Delivery of a subtitling house to cinemas: the cues of a reel were drawn as pictures, which are packed with the reel
// and cannot be made smaller; cinemas fetch them over their lines, and ask before whether theirs is still the last one.
// Measured: a reel has 1,937,134 bytes, and 1,937,577 once it went through gzip.
const fs = require("fs");
const http = require("http");
const os = require("os");
const path = require("path");
const zlib = require("zlib");
const { once } = require("events");
const { spawn } = require("child_process");

const BESIDE = path.join(__dirname, "..", "..");
const REELS = 6;
const CUES = 110;
const WIDTH = 300;
const HEIGHT = 64;
const LINE = 500000; // bytes a second that the line of a cinema carries
const CINEMAS = 5;

/** A picture with 8 bits for each point: strokes of letters with soft edges, on grain that keeps them off the film's. */
class Picture {
  constructor(seed) {
    this.points = Buffer.alloc(WIDTH * HEIGHT);
    let state = (seed * 2654435761) >>> 0;
    for (let at = 0; at < this.points.length; at++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      const x = at % WIDTH;
      const y = (at - x) / WIDTH;
      const stroke = (x * 7 + (seed % 13) * y) % 31 < 5 ? 200 : 20;
      this.points[at] = stroke + ((state >>> 8) % 48);
    }
  }

  /** Each point as the difference to the one above, which packs better. */
  filtered() {
    const out = Buffer.alloc(this.points.length);
    for (let at = 0; at < out.length; at++) {
      out[at] = this.points[at] - (at >= WIDTH ? this.points[at - WIDTH] : 0);
    }
    return out;
  }
}

/** A reel with its pictures, packed once when it is made. */
class Reel {
  constructor(number, version) {
    this.number = number;
    this.version = version;
    const parts = [];
    const index = Buffer.alloc(4 + CUES * 12);
    index.writeUInt32BE(CUES, 0);
    let offset = index.length;
    for (let cue = 0; cue < CUES; cue++) {
      const packed = zlib.deflateSync(new Picture(number * 1000 + cue * 7 + version).filtered(), { level: 6 });
      index.writeUInt32BE(48 + cue * 96, 4 + cue * 12); // the picture of the film at which it begins
      index.writeUInt32BE(offset, 8 + cue * 12);
      index.writeUInt32BE(packed.length, 12 + cue * 12);
      parts.push(packed);
      offset += packed.length;
    }
    this.body = Buffer.concat([index, ...parts], offset);
    this.tag = `"${number}-${version}"`;
  }
}

class Delivery {
  constructor(reels) {
    this.reels = new Map(reels.map((reel) => [String(reel.number), reel]));
    this.sent = 0;
    this.bytes = 0;
    this.same = 0;
  }

  answer(request, response) {
    const reel = this.reels.get(request.url.split("/")[2]);
    if (!reel) {
      response.writeHead(404, { "Content-Length": 0 }).end();
      return;
    }
    if (request.method === "HEAD" || request.headers["if-none-match"] === reel.tag) {
      this.same++;
      response.writeHead(request.method === "HEAD" ? 200 : 304, { ETag: reel.tag }).end();
      return;
    }
    response.on("finish", () => {
      this.sent++;
      this.bytes += reel.body.length;
    });
    response.writeHead(200, {
      "Content-Type": "application/octet-stream",
      "Content-Length": reel.body.length,
      "Cache-Control": "no-transform",
      ETag: reel.tag,
    });
    response.end(reel.body);
  }

  state(seconds) {
    const rate = (this.bytes / seconds / 1e6).toFixed(2);
    return `${this.sent} reels sent, ${this.same} still the last, ${rate} MB/s\n`;
  }
}

/** The address of this machine to the cinemas. */
function outerAddress() {
  const all = Object.values(os.networkInterfaces()).flat();
  return all.find((each) => each.family === "IPv4" && !each.internal)?.address ?? "127.0.0.1";
}

/** The house's own look whether all reels are still offered, on one kept connection. */
class Rounds {
  #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

  constructor(host, port) {
    this.where = { host, port, agent: this.#agent, method: "HEAD" };
    this.missing = [];
  }

  async go() {
    const missing = [];
    for (let number = 1; number <= REELS; number++) {
      const request = http.request({ ...this.where, path: `/reel/${number}` }).end();
      const [answer] = await once(request, "response");
      answer.resume();
      await once(answer, "end");
      if (answer.statusCode !== 200) {
        missing.push(number);
      }
    }
    this.missing = missing;
  }
}

async function main() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "delivery-"));
  const reels = Array.from({ length: REELS }, (_, at) => new Reel(at + 1, 3));
  const delivery = new Delivery(reels);
  const server = http.createServer((request, response) => delivery.answer(request, response));
  const host = outerAddress();
  server.listen(0, host);
  await once(server, "listening");
  const { port } = server.address();
  const words = ["slow", host, port, "/reel/2", LINE, CINEMAS].map(String);
  await once(spawn("python3", [path.join(BESIDE, "clients.py"), ...words], { stdio: "ignore" }), "exit");
  console.log("ready", process.pid);
  const rounds = new Rounds(host, port);
  const began = Date.now();
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 5000));
    await rounds.go();
    const told = delivery.state((Date.now() - began) / 1000) + `missing: ${rounds.missing.join(" ") || "none"}\n`;
    await fs.promises.writeFile(path.join(folder, "state.txt"), told);
  }
}

main();
