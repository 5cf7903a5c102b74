// expect: healthy bench
// Steps a wave over a grid of numbers, in typed arrays that are used again and again.
const size = 256;
let now = new Float64Array(size * size);
let before = new Float64Array(size * size);
now[(size / 2) * size + size / 2] = 1;

function step() {
  for (let y = 1; y < size - 1; y++) {
    for (let x = 1; x < size - 1; x++) {
      const i = y * size + x;
      const around = now[i - 1] + now[i + 1] + now[i - size] + now[i + size];
      before[i] = 1.5 * now[i] - 0.98 * before[i] + 0.12 * around;
    }
  }
  [now, before] = [before, now];
}

console.log(`ready ${process.pid}`);
function turn() {
  for (let i = 0; i < 20; i++) step();
  setImmediate(turn);
}
turn();
