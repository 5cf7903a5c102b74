function mergeJoin(left, right) {
  left.sort((a, b) => a.ts - b.ts);
  right.sort((a, b) => a.ts - b.ts);
  const out = [];
  let j = 0;
  for (let i = 0; i < left.length; i++) {
    while (j + 1 < right.length && right[j + 1].ts <= left[i].ts) {
      j++; // <- 0
    }
    if (right.length && right[j].ts <= left[i].ts) {
      out.push({ ...left[i], reading: right[j].value });
    }
  }
  return out;
}

exports.align = (stations) => {
  const result = {};
  for (const s of stations) {
    result[s.name] = mergeJoin(s.events, s.readings); // <- 1
  }
  return result;
};
