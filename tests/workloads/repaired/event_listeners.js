// expect: healthy bench
// Pushes prices to whoever looks at them; each view listens for as long as it is open.
const { EventEmitter } = require('events');

const views = new EventEmitter();
const prices = new EventEmitter();
prices.setMaxListeners(0);
let drawn = 0;

views.on('open', (number) => {
  const rows = new Array(400).fill(number);
  const onPrice = (price) => { if (price === number) drawn += rows.length; };
  prices.on(`price-${number % 50}`, onPrice);
  views.once(`close-${number}`, () => { drawn += rows[0]; prices.off(`price-${number % 50}`, onPrice); });
});
views.on('tick', (number) => {
  drawn += JSON.stringify({ number, at: Date.now(), bids: new Array(30).fill(number) }).length;
});

console.log(`ready ${process.pid}`);
let number = 0;
setInterval(() => {
  for (let i = 0; i < 8; i++) {
    const view = number++;
    views.emit('open', view);
    for (let update = 0; update < 3; update++) views.emit('tick', view + update);
    views.emit(`close-${view}`);
  }
}, 5);
