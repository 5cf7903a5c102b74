// expect: pattern=hot-loop bench
// Adds up carts in the functional style: each step makes a new state.
const lines = Array.from({ length: 400 }, (_, i) => ({ sku: `sku-${i}`, count: 1 + (i % 3), price: 99 + (i % 50) }));

function totals(list) {
  return list.reduce(
    (state, line) => ({ ...state, [line.sku]: (state[line.sku] || 0) + line.count * line.price }), // <- cost
    {}, // <- cost
  );
}

function sum(list) {
  let all = 0;
  for (const line of list) all += line.count * line.price;
  return all;
}

console.log(`ready ${process.pid}`);
let seen = 0;
function turn() {
  seen += Object.keys(totals(lines)).length + sum(lines); // <- cost
  setImmediate(turn);
}
turn();
