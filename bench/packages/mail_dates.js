// Sorts mails by the date in their header.
const moment = require('moment');

function when(header) {
  return moment(header, moment.RFC_2822).valueOf();
}

function* headers() {
  for (let i = 0; i < 50; i++) yield `Mon, ${(i % 28) + 1} Jan 2024 10:00:00 +0100 (CET)`;
  yield '('.repeat(6000);
}

console.log(`ready ${process.pid}`);
let newest = 0;
function turn() {
  for (const header of headers()) newest = Math.max(newest, when(header) || 0);
  setImmediate(turn);
}
turn();
