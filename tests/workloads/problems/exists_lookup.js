// expect: pattern=excessive-stat bench
// Finds a module in any of some folders, as a bundler does.
const fs = require('fs');
const path = require('path');

const folders = ['local', 'shop', 'brand', 'season', 'base'];
for (const folder of folders) fs.mkdirSync(folder, { recursive: true });
const parts = ['head', 'menu', 'text', 'foot'];
for (const part of parts) fs.writeFileSync(path.join('base', part + '.js'), 'x'.repeat(100));

function find(part) {
  for (const folder of folders) {
    const file = path.join(folder, part + '.js');
    if (fs.existsSync(file)) return file;
  }
  return undefined;
}

console.log(`ready ${process.pid}`);
let total = 0;
function turn() {
  for (let i = 0; i < 1000; i++) total += find(parts[i % 4]).length;
  setImmediate(turn);
}
turn();
