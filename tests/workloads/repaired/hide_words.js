// expect: healthy bench
// Hides words that are not wanted in comments.
const words = Array.from({ length: 400 }, (_, i) => `word${i}(?:s|ed|ing)?`);
const comments = Array.from({ length: 20 }, (_, i) => `word${i * 3}s`);

const patterns = words.map((word) => new RegExp(`\\b${word}\\b`, 'giu'));

function clean(comment) {
  let text = comment;
  for (const pattern of patterns) {
    text = text.replace(pattern, '***');
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
  total += count(clean(comments[turns++ % comments.length]));
  setImmediate(turn);
}
turn();
