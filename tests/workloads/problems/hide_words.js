// expect: pattern=repeated-computation bench
// Hides words that are not wanted in comments.
const words = Array.from({ length: 400 }, (_, i) => `word${i}(?:s|ed|ing)?`);
const comments = Array.from({ length: 20 }, (_, i) => `word${i * 3}s`);

function clean(comment) {
  let text = comment;
  for (const word of words) {
    text = text.replace(new RegExp(`\\b${word}\\b`, 'giu'), '***'); // <- cost
  }
  return text;
}

function count(text) {
  return text.split(' ').length;
}

console.log(`ready ${process.pid}`);
let total = 0;
let turns = 0;
function turn() {
  total += count(clean(comments[turns++ % comments.length])); // <- cost
  setImmediate(turn);
}
turn();
