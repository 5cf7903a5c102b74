// expect: pattern=hot-loop bench
// Collects the pages of many answers into one list.
function collect(pages) {
  let all = [];
  for (const page of pages) {
    all = [...all, ...page]; // <- cost
  }
  return all;
}

function count(all) {
  let sum = 0;
  for (const one of all) sum += one.id & 1;
  return sum;
}

const pages = Array.from({ length: 400 }, (_, n) => Array.from({ length: 20 }, (_, m) => ({ id: n * 20 + m })));
console.log(`ready ${process.pid}`);
let total = 0;
function turn() {
  total += count(collect(pages)); // <- cost
  setImmediate(turn);
}
turn();
