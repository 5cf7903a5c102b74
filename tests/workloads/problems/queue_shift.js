// expect: pattern=hot-loop bench
// Works off a queue of jobs, first come, first served.
const jobs = [];

function fill(count) {
  for (let i = 0; i < count; i++) jobs.push({ id: i, weight: i % 17 });
}

function run() {
  let done = 0;
  while (jobs.length > 0) {
    const job = jobs.shift(); // <- cost
    done += job.weight;
  }
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
  total += run() + summary(rows); // <- cost
  setImmediate(turn);
}
turn();
