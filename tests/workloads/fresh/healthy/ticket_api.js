// expect: healthy bench
// An interface for tickets over HTTP: they are kept by number and by owner; its customers come in bursts.
const fs = require("fs");
const http = require("http");
const { spawn } = require("child_process");

if (process.argv[2]) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  const burst = (number) => {
    for (let i = 0; i < 60; i++) {
      const path = i % 3 ? `/tickets/${(number * 61 + i) % 3000}` : `/owners/${(number + i) % 100}`;
      http.get({ port: Number(process.argv[2]), path, agent }, (answer) => answer.resume());
    }
    setTimeout(burst, 300, number + 1);
  };
  burst(0);
} else {
  serve();
}

function serve() {
  const log = fs.openSync("tickets.log", "w");
  const byNumber = new Map();
  const byOwner = new Map();
  for (let number = 0; number < 3000; number++) {
    const ticket = { number, owner: (number * 7) % 100, title: `Something is wrong with part ${number % 40}`, open: number % 3 > 0 };
    byNumber.set(number, ticket);
    if (!byOwner.has(ticket.owner)) byOwner.set(ticket.owner, []);
    byOwner.get(ticket.owner).push(ticket);
  }
  let answered = 0;
  const server = http.createServer((request, response) => {
    const [, kind, key] = request.url.split("/");
    const found = kind === "tickets" ? byNumber.get(Number(key)) : byOwner.get(Number(key)).filter((ticket) => ticket.open);
    const body = JSON.stringify(found);
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
    response.end(body);
    answered++;
  });
  server.listen(0, "127.0.0.1", () => {
    spawn(process.execPath, [__filename, String(server.address().port)], { stdio: "ignore" });
    console.log("ready", process.pid);
  });
  setInterval(() => fs.writeSync(log, `${Math.round(performance.now())} ${answered} answers given\n`), 1000);
}
