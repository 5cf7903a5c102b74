// expect: pattern=memory-growth bench
// Keeps the sessions of a chat; who leaves is marked, and shown as gone.
const { EventEmitter } = require('events');

const room = new EventEmitter();
const sessions = new Map();
let shown = 0;

room.on('join', (number) => { // <- cost
  sessions.set(`user-${number}`, { number, here: true, history: new Array(120).fill(number), text: 'x'.repeat(600) }); // <- cost
});
room.on('say', (number) => {
  shown += JSON.stringify({ number, words: new Array(60).fill('hello') }).length;
});
room.on('leave', (number) => {
  const session = sessions.get(`user-${number}`);
  if (session) session.here = false;
});

console.log(`ready ${process.pid}`);
let number = 0;
setInterval(() => {
  for (let i = 0; i < 10; i++) {
    number++;
    room.emit('join', number);
    for (let word = 0; word < 2; word++) room.emit('say', number + word);
    room.emit('leave', number - 500);
  }
}, 5);
