// expect: pattern=connection-per-request bench
// Labels for parcels: asks a service over TLS for each address, with an agent (and so a connection) of its own each time.
const https = require("https");
const fs = require("fs");
const { execFileSync } = require("child_process");

const made = "req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2 -keyout key.pem -out certificate.pem";
execFileSync("openssl", made.split(" "), { stdio: "ignore" });
if (process.argv[2] === "service") {
  const files = { key: fs.readFileSync("key.pem"), cert: fs.readFileSync("certificate.pem") };
  const server = https.createServer(files, (request, response) => response.end(JSON.stringify({ street: request.url })));
  server.listen(0, "127.0.0.1", () => fs.writeFileSync("port", String(server.address().port)));
} else {
  execFileSync("sh", ["-c", `"${process.execPath}" "${__filename}" service >/dev/null 2>&1 &`], { stdio: "ignore" });
  start();
}

function address(port, parcel) {
  return new Promise((resolve, reject) => {
    const agent = new https.Agent({ keepAlive: false });
    const options = { host: "127.0.0.1", port, path: `/address/${parcel}`, agent, rejectUnauthorized: false };
    https.get(options, (answer) => { // <- cost
      let body = "";
      answer.on("data", (piece) => (body += piece));
      answer.on("end", () => resolve(JSON.parse(body).street));
    }).on("error", reject);
  });
}

async function label(port, parcel) {
  return `${parcel}: ${await address(port, parcel)}`;
}

function start() {
  if (!fs.existsSync("port")) return setTimeout(start, 50);
  setTimeout(async () => {
    const port = Number(fs.readFileSync("port"));
    console.log("ready", process.pid);
    for (let parcel = 0; ; parcel++) await label(port, parcel);
  }, 100);
}
