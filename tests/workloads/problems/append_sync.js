// expect: pattern=open-close-churn bench
// Appends every event to the log of the day.
const fs = require('fs');

const log = 'events.log';

function note(number) {
  const line = `${Date.now()} enter ${number} from the north gate\n`;
  fs.appendFileSync(log, line);
}

console.log(`ready ${process.pid}`);
let number = 0;
function turn() {
  for (let i = 0; i < 1000; i++) note(number++);
  if (number % 1000000 === 0) fs.truncateSync('events.log', 0);
  setImmediate(turn);
}
turn();
