// expect: healthy bench
// Adds up carts in the functional style: each step makes a new state.
const lines = Array.from({ length: 400 }, (_, i) => ({ sku: `sku-${i}`, count: 1 + (i % 3), price: 99 + (i % 50) }));

function totals(list) {
  const state = {};
  for (const line of list) state[line.sku] = (state[line.sku] || 0) + line.count * line.price;
  return state;
}

function sum(list) {
  let all = 0;
  for (const line of list) all += line.count * line.price;
  return all;
}

console.log(`ready ${process.pid}`);
let seen = 0;
function turn() {
  seen += Object.keys(totals(lines)).length + sum(lines);
  setImmediate(turn);
}
turn();
