// expect: pattern=blocking-io bench
// A login service: passwords are stretched by the loop's own thread while others wait for their page.
const crypto = require('crypto');
const http = require('http');

function check(name) {
  return crypto.pbkdf2Sync(`secret of ${name}`, 'salt', 600000, 32, 'sha256').toString('hex'); // <- cost
}

function greet(name) {
  return `<p>Hello ${name}, it is ${new Date().toISOString()}</p>`;
}

const server = http.createServer((request, response) => {
  const name = request.url.slice(7);
  response.end(request.url.startsWith('/login/') ? check(name) : greet(name));
});

server.listen(0, '127.0.0.1', () => {
  const port = server.address().port;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  let number = 0;
  function ask(path, pause) {
    http.get({ port, agent, path: `${path}${number++}` }, (answer) => {
      answer.resume();
      answer.on('end', () => setTimeout(ask, pause, path, pause));
    });
  }
  ask('/login/', 40);
  for (let i = 0; i < 4; i++) ask('/greet/', 5);
  console.log(`ready ${process.pid}`);
});
