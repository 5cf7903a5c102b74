// expect: pattern=gc-pressure bench
// Keeps the last documents as trees of small objects, and builds a new one for each message.
const kept = [];

function build(depth, value) {
  if (depth === 0) return { value, next: null };
  return { left: build(depth - 1, value * 2), right: build(depth - 1, value * 2 + 1), value }; // <- cost
}

function mean(list) {
  let sum = 0;
  for (const number of list) sum += number;
  return sum / list.length;
}

const numbers = Array.from({ length: 1000 }, (_, i) => i);
console.log(`ready ${process.pid}`);
let total = 0;
function turn() {
  kept.push(build(14, 1));
  if (kept.length > 24) kept.shift();
  total += mean(numbers) + kept.length;
  setImmediate(turn);
}
turn();
