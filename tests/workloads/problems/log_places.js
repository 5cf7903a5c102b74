// expect: pattern=hot-loop
// Looks for warnings in the log of a build, and tells line and column of each.
const WORDS = ["compiled", "linked", "warning: unused", "copied", "skipped", "error: missing"];

function log(turn) {
  const lines = Array.from({ length: 1500 }, (_, n) => `${(turn * 31 + n * 17) % 977} ${WORDS[(turn + n * n) % 6]} part-${n % 83}`);
  return lines.join("\n");
}

function place(text, offset) {
  let line = 1;
  let start = 0;
  for (let at = 0; at < offset; at++) { // <- cost
    if (text.charCodeAt(at) === 10) { // <- cost
      line++;
      start = at + 1;
    }
  }
  return `${line}:${offset - start + 1}`;
}

function told(text) {
  const found = [];
  for (const match of text.matchAll(/(?:warning|error): (\w+)/g)) { // <- cost
    found.push(`${place(text, match.index)} ${match[1]}`); // <- cost
  }
  return found;
}

console.log(`ready ${process.pid}`);
const logs = Array.from({ length: 16 }, (_, turn) => log(turn));
let turns = 0;
let total = 0;
function turn() {
  total += told(logs[turns++ % 16]).length; // <- cost
  setImmediate(turn);
}
turn();
