// expect: pattern=blocking-io bench
// A shop's pages over HTTP. An order waits, without letting go of the loop, until the till is free.
const http = require('http');

const page = '<li>book</li>'.repeat(200);
const clock = new Int32Array(new SharedArrayBuffer(4));
let free = 0;

function pause(milliseconds) {
  Atomics.wait(clock, 0, 0, milliseconds); // <- cost
}

function take(order) {
  const now = Date.now();
  if (now < free) pause(free - now);
  free = Date.now() + 12;
  return order.length;
}

const server = http.createServer((request, response) => {
  if (request.url.startsWith('/order/')) take(request.url);
  response.end(page);
});

server.listen(0, '127.0.0.1', () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 6 });
  const port = server.address().port;
  let number = 0;
  function ask(path) {
    http.get({ port, agent, path: `${path}${number++}` }, (answer) => {
      answer.resume();
      answer.on('end', () => setTimeout(ask, 2, path));
    });
  }
  ask('/order/');
  ask('/order/');
  for (let i = 0; i < 4; i++) ask('/page/');
  console.log(`ready ${process.pid}`);
});
