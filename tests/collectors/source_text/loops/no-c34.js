function editDistance(a, b) {
  let prev = Array.from({ length: b.length + 1 }, (_, j) => j);
  let cur = new Array(b.length + 1);
  for (let i = 1; i <= a.length; i++) {
    cur[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]; // <- 0
      cur[j] = same ? prev[j - 1] : 1 + Math.min(prev[j - 1], prev[j], cur[j - 1]);
    }
    [prev, cur] = [cur, prev];
  }
  return prev[b.length];
}

function suggestFlag(argv, flag) {
  const d = editDistance(argv, flag);
  return d <= 2 ? `did you mean ${flag}?` : null;
}

module.exports = { editDistance, suggestFlag };
