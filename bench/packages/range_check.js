// Checks which of the versions that a package asks for are installed.
const semver = require('semver');

const installed = ['1.2.3', '2.0.0', '2.4.1', '3.0.0-beta.1'];

function missing(wanted) {
  return semver.validRange(wanted) === null || !installed.some((version) => semver.satisfies(version, wanted));
}

let number = 0;
function* ranges() {
  for (let i = 0; i < 30; i++) yield `^${i % 3}.${i % 5}.0 || ~2.4`;
  yield `>=1.2.3${' '.repeat(3000 + (number++ % 500))}<${number % 9}.0.0`;
}

console.log(`ready ${process.pid}`);
function turn() {
  for (const range of ranges()) missing(range);
  setImmediate(turn);
}
turn();
