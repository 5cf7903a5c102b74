// expect: healthy
// Looks for warnings in the log of a build, and tells line and column of each.
const WORDS = ["compiled", "linked", "warning: unused", "copied", "skipped", "error: missing"];

function log(turn) {
  const lines = Array.from({ length: 1500 }, (_, n) => `${(turn * 31 + n * 17) % 977} ${WORDS[(turn + n * n) % 6]} part-${n % 83}`);
  return lines.join("\n");
}

/** Told in order: each goes on from where the one before was. */
class Places {
  line = 1;
  start = 0;

  constructor(text) {
    this.text = text;
  }

  of(offset) {
    for (let end = this.text.indexOf("\n", this.start); end >= 0 && end < offset; end = this.text.indexOf("\n", this.start)) {
      this.line++;
      this.start = end + 1;
    }
    return `${this.line}:${offset - this.start + 1}`;
  }
}

function told(text) {
  const found = [];
  const places = new Places(text);
  for (const match of text.matchAll(/(?:warning|error): (\w+)/g)) {
    found.push(`${places.of(match.index)} ${match[1]}`);
  }
  return found;
}

console.log(`ready ${process.pid}`);
const logs = Array.from({ length: 16 }, (_, turn) => log(turn));
let turns = 0;
let total = 0;
function turn() {
  total += told(logs[turns++ % 16]).length;
  setImmediate(turn);
}
turn();
