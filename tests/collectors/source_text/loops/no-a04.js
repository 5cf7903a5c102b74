function tokenize(src) {
  const out = [];
  let i = 0;
  while (i < src.length) {
    const c = src[i];
    if (c === ' ' || c === '\n' || c === '\t') {
      i++;
    } else if (c >= '0' && c <= '9') {
      let j = i;
      while (j < src.length && src[j] >= '0' && src[j] <= '9') j++; // <- 0
      out.push({ type: 'num', value: Number(src.slice(i, j)) });
      i = j;
    } else if (/[a-z_]/i.test(c)) {
      let j = i + 1;
      while (j < src.length && /\w/.test(src[j])) j++;
      out.push({ type: 'id', value: src.slice(i, j) });
      i = j;
    } else {
      out.push({ type: 'op', value: c });
      i++;
    }
  }
  return out;
}

module.exports = (files) => files.map((f) => tokenize(f.text)); // <- 1
