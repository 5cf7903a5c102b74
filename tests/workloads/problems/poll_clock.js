// expect: pattern=busy-wait bench
// Keeps a distance between two requests to a partner.
function pause(milliseconds) {
  const end = Date.now() + milliseconds;
  while (Date.now() < end) { // <- cost
    // nothing to do yet
  }
}

let sent = 0;
function send() {
  sent += JSON.stringify({ id: sent, at: 'now' }).length;
}

console.log(`ready ${process.pid}`);
function turn() {
  send();
  pause(20); // <- cost
  setImmediate(turn);
}
turn();
