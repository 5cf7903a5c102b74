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
      delimiters.push({ marker, length: end - pos, pos: i, open, close, end: -1 });
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

function pairDelimiters(delimiters) {
  for (let c = 0; c < delimiters.length; c++) {
    const closer = delimiters[c];
    if (!closer.close) continue;
    for (let o = c - 1; o >= 0; o--) { // <- cost hot 22
      const opener = delimiters[o];
      if (opener.marker !== closer.marker) continue; // <- hot 27
      if (opener.open && opener.end < 0 && !oddMatch(opener, closer)) { // <- cost hot 44
        for (let k = o + 1; k < c; k++) delimiters[k].open = false;
        opener.end = c;
        closer.open = false;
        break;
      }
    }
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
