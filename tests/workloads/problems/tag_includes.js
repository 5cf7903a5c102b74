// expect: pattern=hot-loop bench
// Joins articles with the readers who follow one of their tags.
const tags = Array.from({ length: 3000 }, (_, i) => `tag-${(i * 7919) % 3000}`);
const articles = Array.from({ length: 3000 }, (_, i) => ({ id: i, tag: `tag-${(i * 31) % 6000}` }));

function followed(list) {
  const found = [];
  for (const article of list) {
    if (tags.includes(article.tag)) found.push(article.id); // <- cost
  }
  return found;
}

const names = new Set(tags);
function known(list) {
  let count = 0;
  for (const article of list) if (names.has(article.tag)) count++;
  return count;
}

console.log(`ready ${process.pid}`);
let total = 0;
function turn() {
  total += followed(articles).length + known(articles); // <- cost
  setImmediate(turn);
}
turn();
