// expect: healthy bench
// Receives bodies in chunks and hands on each as one buffer.
const { createHash } = require('crypto');

const chunk = Buffer.alloc(1024, 'body ');

function receive(count) {
  const chunks = [];
  for (let i = 0; i < count; i++) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function name(body) {
  const head = [];
  for (let i = 0; i < 4; i++) head.push(body.toString('latin1', i * 8, i * 8 + 8));
  return head.join('');
}

console.log(`ready ${process.pid}`);
let seen = 0;
function turn() {
  const body = receive(800);
  seen += name(body).length + createHash('sha1').update(body.subarray(0, 4096)).digest().length;
  setImmediate(turn);
}
turn();
