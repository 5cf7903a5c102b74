// expect: healthy bench
// Works off a queue of jobs, first come, first served.
const jobs = [];

function fill(count) {
  for (let i = 0; i < count; i++) jobs.push({ id: i, weight: i % 17 });
}

function run() {
  let done = 0;
  for (const job of jobs) done += job.weight;
  jobs.length = 0;
  return done;
}

function summary(rows) {
  return rows.map((row) => row * 2).filter((row) => row % 3).length;
}

console.log(`ready ${process.pid}`);
const rows = Array.from({ length: 500 }, (_, i) => i);
let total = 0;
function turn() {
  fill(120000);
  total += run() + summary(rows);
  setImmediate(turn);
}
turn();
