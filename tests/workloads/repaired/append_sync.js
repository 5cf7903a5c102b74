// expect: healthy bench
// Appends every event to the log of the day.
const fs = require('fs');

const log = fs.openSync('events.log', 'a');
let waiting = [];

function note(number) {
  const line = `${Date.now()} enter ${number} from the north gate\n`;
  waiting.push(line);
  if (waiting.length >= 10000) {
    fs.writeSync(log, waiting.join(''));
    waiting = [];
  }
}

console.log(`ready ${process.pid}`);
let number = 0;
function turn() {
  for (let i = 0; i < 1000; i++) note(number++);
  if (number % 1000000 === 0) fs.truncateSync('events.log', 0);
  setImmediate(turn);
}
turn();
