// expect: healthy bench
// Keeps a distance between two requests to a partner.
let sent = 0;
function send() {
  sent += JSON.stringify({ id: sent, at: 'now' }).length;
}

console.log(`ready ${process.pid}`);
function turn() {
  send();
  setTimeout(turn, 20);
}
turn();
