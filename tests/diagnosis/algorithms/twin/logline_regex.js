import { createReadStream } from "node:fs";
import readline from "node:readline";

const FIELDS = /^[\w.-]+=\w[\w\s]*(?:;\s*[\w.-]+=\w[\w\s]*)*(?:;\s*)?$/;
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

export function splitLine(line) {
  const stamp = STAMP.exec(line);
  if (!stamp) return null;
  return { at: stamp[0], rest: line.slice(stamp[0].length).trim() };
}

export function isStructured(rest) {
  return FIELDS.test(rest); // <- hot 31
}

export function fields(rest) {
  const out = {};
  for (const pair of rest.split(";")) {
    const eq = pair.indexOf("=");
    if (eq > 0) out[pair.slice(0, eq).trim()] = pair.slice(eq + 1).trim();
  }
  return out;
}

export async function* events(path) {
  const rl = readline.createInterface({ input: createReadStream(path) });
  for await (const line of rl) { // <- hot 39
    const parts = splitLine(line);
    if (!parts) continue;
    yield isStructured(parts.rest)
      ? { at: parts.at, ...fields(parts.rest) }
      : { at: parts.at, message: parts.rest };
  }
}

export async function countByLevel(path) {
  const counts = {};
  for await (const event of events(path)) {
    const level = event.level ?? "unknown";
    counts[level] = (counts[level] ?? 0) + 1;
  }
  return counts;
}
