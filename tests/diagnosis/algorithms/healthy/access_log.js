import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

const METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"];
const BUCKETS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000];

function bucketOf(ms) {
  const i = BUCKETS.findIndex((edge) => ms <= edge); // <- hot 11
  return i < 0 ? BUCKETS.length : i;
}

function parse(line) {
  const [host, , user, , , request, path, , status, bytes, ms] = line.split(" "); // <- hot 34
  const method = request?.slice(1);
  if (!METHODS.includes(method)) return null;
  return { host, user, method, path, status: +status, bytes: +bytes, ms: +ms };
}

class RouteStats {
  constructor() {
    this.count = 0;
    this.errors = 0;
    this.bytes = 0;
    this.histogram = new Array(BUCKETS.length + 1).fill(0);
    this.recent = [];
  }

  record(entry) {
    this.count++;
    if (entry.status >= 500) this.errors++;
    this.bytes += entry.bytes;
    this.histogram[bucketOf(entry.ms)]++;
    this.recent.push(entry.ms);
    if (this.recent.length > 20) this.recent.shift();
  }
}

export async function collect(path) {
  const routes = new Map();
  const rl = createInterface({ input: createReadStream(path) });
  for await (const line of rl) { // <- hot 29
    const entry = parse(line);
    if (!entry) continue;
    const route = entry.path.split("?", 1)[0].replace(/\/\d+/g, "/:id"); // <- hot 13
    let stats = routes.get(route);
    if (!stats) routes.set(route, (stats = new RouteStats()));
    stats.record(entry);
  }
  return [...routes].sort((a, b) => b[1].count - a[1].count);
}
