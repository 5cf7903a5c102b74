// expect: pattern=eager-loading bench
// A tool with many commands, which loads them all to run one.
const fs = require('fs');
const path = require('path');

const names = Array.from({ length: 400 }, (_, n) => `command_${n}`);
fs.mkdirSync('commands');
for (const name of names) {
  let text = 'exports.table = {\n';
  for (let n = 0; n < 1500; n++) text += `  key${n}: { number: ${n}, name: "${name}-${n}", parts: [${n}, ${n + 1}] },\n`;
  text += '};\n';
  for (let n = 0; n < 200; n++) text += `exports.run${n} = (row) => (row[${n}] ? row.id + ${n} : row.name);\n`;
  fs.writeFileSync(path.join('commands', `${name}.js`), text);
}

function load() { // <- cost
  const all = new Map();
  for (const name of names) all.set(name, require(path.resolve('commands', `${name}.js`))); // <- cost
  return all;
}

console.log(`ready ${process.pid}`);
let commands;
let total = 0;
function turn() {
  commands ??= load();
  total += commands.get('command_3').run5({ id: 7, name: 'x' }) === 7 ? 1 : 0;
  setTimeout(turn, 5);
}
setTimeout(turn, 50);
