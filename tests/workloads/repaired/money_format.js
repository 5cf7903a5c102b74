// expect: healthy bench
// Writes the prices of a list for customers of many countries.
const places = ['de-DE', 'en-GB', 'fr-FR', 'ja-JP', 'sv-SE'];
const prices = Array.from({ length: 200 }, (_, i) => 100 + i * 1.37);

const formats = new Map(places.map((place) => [place, new Intl.NumberFormat(place, { style: 'currency', currency: 'EUR' })]));

function price(amount, place) {
  return formats.get(place).format(amount);
}

function list(place) {
  return prices.map((amount) => price(amount, place)).join('\n');
}

console.log(`ready ${process.pid}`);
let total = 0;
let turns = 0;
function turn() {
  total += list(places[turns++ % places.length]).length;
  setImmediate(turn);
}
turn();
