// expect: healthy bench
// A login service: passwords are stretched by libuv's threads.
const crypto = require('crypto');
const http = require('http');

function check(name, done) {
  crypto.pbkdf2(`secret of ${name}`, 'salt', 120000, 32, 'sha256', (error, key) => done(key.toString('hex')));
}

function greet(name) {
  return `<p>Hello ${name}, it is ${new Date().toISOString()}</p>`;
}

const server = http.createServer((request, response) => {
  const name = request.url.slice(7);
  if (request.url.startsWith('/login/')) check(name, (key) => response.end(key));
  else response.end(greet(name));
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
