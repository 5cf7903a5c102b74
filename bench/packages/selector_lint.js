// Checks the :nth-child() formulas of style sheets.
const { parse } = require('nth-check');

function check(formula) {
  try {
    return parse(formula)[0];
  } catch {
    return null;
  }
}

function* formulas() {
  for (let i = 0; i < 100; i++) yield `${i}n + ${i % 7}`;
  yield '-n' + ' '.repeat(9000) + '!';
}

console.log(`ready ${process.pid}`);
function turn() {
  for (const formula of formulas()) check(formula);
  setImmediate(turn);
}
turn();
