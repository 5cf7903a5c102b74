// expect: pattern=polling-loop bench
// A worker thread looks for a job every few milliseconds, standing still in between; there are five jobs a second.
const { Worker, isMainThread, workerData } = require('worker_threads');

if (isMainThread) {
  const shared = new Int32Array(new SharedArrayBuffer(16));
  new Worker(__filename, { workerData: shared });
  setInterval(() => Atomics.add(shared, 0, 1), 200);
  console.log(`ready ${process.pid}`);
} else {
  const never = new Int32Array(new SharedArrayBuffer(4));
  let done = 0;
  for (;;) {
    if (Atomics.load(workerData, 0) > done) done++;
    else Atomics.wait(never, 0, 0, 4); // (of a worker's lines the profiler of the main thread sees nothing)
  }
}
