// Stands in a read of a pipe nearly all the time, which a signal would break off for good: Node.js repeats none.
// POOL=1: with threads in libuv's pool, which wait for work.
const { execFileSync, spawn } = require('child_process');
const fs = require('fs');

if (process.argv[2] === 'writes') {
  const out = fs.openSync('answers', 'w');
  setInterval(() => fs.writeSync(out, 'more\n'), 20);
} else {
  execFileSync('mkfifo', ['answers']);
  spawn(process.execPath, [__filename, 'writes'], { stdio: 'ignore' });
  const answers = fs.openSync('answers', 'r');
  const block = Buffer.alloc(64);
  const read = () => {
    fs.readSync(answers, block, 0, block.length, null);
    setImmediate(read);
  };
  if (process.env.POOL) fs.readFile(__filename, read);
  else read();
  process.stdout.write(`ready ${process.pid}\n`);
}
