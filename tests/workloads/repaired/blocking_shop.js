// expect: healthy bench
// A shop's pages over HTTP. An order waits until the till is free, and others are served meanwhile.
const http = require('http');

const page = '<li>book</li>'.repeat(200);
let free = 0;

function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}

async function take(order) {
  const now = Date.now();
  const turn = Math.max(now, free);
  free = turn + 12;
  if (turn > now) await pause(turn - now);
  return order.length;
}

const server = http.createServer(async (request, response) => {
  if (request.url.startsWith('/order/')) await take(request.url);
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
