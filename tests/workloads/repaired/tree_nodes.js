// expect: healthy bench
// Keeps the last documents as trees of small objects, and builds a new one for each message.
const kept = [];

function build(depth, value) {
  const size = 2 << depth;
  const values = new Float64Array(size);
  values[1] = value;
  for (let i = 2; i < size; i++) values[i] = values[i >> 1] * 2 + (i & 1);
  return values;
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
