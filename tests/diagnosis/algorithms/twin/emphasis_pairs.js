'use strict';

const MARKERS = new Set(['*', '_', '~']);

function isSpace(ch) {
  return ch === undefined || /\s/.test(ch);
}

/** Runs of emphasis marks of a paragraph, one delimiter for each mark. */
function scanDelimiters(text) {
  const delimiters = [];
  for (let pos = 0; pos < text.length;) {
    const marker = text[pos];
    if (!MARKERS.has(marker)) {
      pos++;
      continue;
    }
    let end = pos;
    while (text[end] === marker) end++;
    const open = !isSpace(text[end]);
    const close = !isSpace(text[pos - 1]);
    for (let i = pos; i < end; i++) {
      delimiters.push({ marker, length: end - pos, pos: i, open, close, end: -1 }); // <- hot 39
    }
    pos = end;
  }
  return delimiters;
}

function oddMatch(opener, closer) {
  if (!opener.close && !closer.open) return false;
  if ((opener.length + closer.length) % 3 !== 0) return false;
  return opener.length % 3 !== 0 || closer.length % 3 !== 0;
}

function bucketOf(delimiter) {
  return delimiter.marker + (delimiter.open ? 3 : 0) + (delimiter.length % 3);
}

function pairDelimiters(delimiters) {
  const bottoms = new Map();
  const stack = [];
  for (let c = 0; c < delimiters.length; c++) {
    const closer = delimiters[c];
    let matched = false;
    if (closer.close) {
      const bucket = bucketOf(closer); // <- hot 14
      const bottom = bottoms.get(bucket) ?? -1;
      let s = stack.length - 1;
      for (; s >= 0 && stack[s] > bottom; s--) { // <- hot 16
        const opener = delimiters[stack[s]];
        if (opener.marker === closer.marker && !oddMatch(opener, closer)) break; // <- hot 13
      }
      matched = s >= 0 && stack[s] > bottom;
      if (matched) {
        delimiters[stack[s]].end = c;
        stack.length = s;
        closer.open = false;
      } else {
        bottoms.set(bucket, c - 1);
      }
    }
    if (!matched && closer.open) stack.push(c);
  }
  return delimiters;
}

function renderEmphasis(text) {
  const delimiters = pairDelimiters(scanDelimiters(text));
  const tags = new Map();
  for (const d of delimiters) {
    if (d.end < 0) continue;
    const name = d.marker === '~' ? 's' : 'em';
    tags.set(d.pos, `<${name}>`);
    tags.set(delimiters[d.end].pos, `</${name}>`);
  }
  let out = '';
  for (let i = 0; i < text.length; i++) out += tags.get(i) ?? text[i];
  return out;
}

module.exports = { renderEmphasis, pairDelimiters, scanDelimiters };
