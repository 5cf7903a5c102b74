// expect: healthy bench
// A worker thread sleeps until a job is there; there are five jobs a second.
const { Worker, isMainThread, workerData } = require('worker_threads');

if (isMainThread) {
  const shared = new Int32Array(new SharedArrayBuffer(16));
  new Worker(__filename, { workerData: shared });
  setInterval(() => {
    Atomics.add(shared, 0, 1);
    Atomics.notify(shared, 0);
  }, 200);
  console.log(`ready ${process.pid}`);
} else {
  let done = 0;
  for (;;) {
    if (Atomics.load(workerData, 0) > done) done++;
    else Atomics.wait(workerData, 0, done);
  }
}
