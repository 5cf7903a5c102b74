const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

function monthIndex(word) {
  const w = word.slice(0, 3).toLowerCase();
  return MONTHS.indexOf(w); // <- 0
}

function parseDate(text) {
  const [d, m, y] = text.split(/[ \-]/);
  const month = monthIndex(m); // <- 1
  return month < 0 ? null : new Date(Date.UTC(+y, month, +d));
}

async function load(lines) {
  const good = [];
  let bad = 0;
  for await (const line of lines) {
    const date = parseDate(line.split('\t')[0]); // <- 2
    if (date) good.push(date);
    else bad++;
  }
  return { good, bad };
}

module.exports = { load };
