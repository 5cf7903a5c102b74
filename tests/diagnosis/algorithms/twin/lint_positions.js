'use strict';
const fs = require('fs');

const CHECKS = [
  { id: 'no-todo', re: /TODO|FIXME/g, text: 'unfinished work' },
  { id: 'no-tabs', re: /\t/g, text: 'tab character' },
  { id: 'no-trailing-space', re: / +(?=\n)/g, text: 'trailing space' },
];

function lineStarts(source) {
  const starts = [0];
  for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) { // <- hot 14
    starts.push(at + 1);
  }
  return starts;
}

function position(starts, offset) {
  let lo = 0;
  let hi = starts.length;
  while (hi - lo > 1) {
    const mid = (lo + hi) >> 1;
    if (starts[mid] <= offset) lo = mid; // <- hot 18
    else hi = mid;
  }
  return { line: lo + 1, column: offset - starts[lo] + 1 };
}

function lint(source) {
  const starts = lineStarts(source);
  const problems = [];
  for (const { id, re, text } of CHECKS) {
    for (const match of source.matchAll(re)) { // <- hot 37
      problems.push({ id, text, ...position(starts, match.index) });
    }
  }
  return problems.sort((a, b) => a.line - b.line || a.column - b.column); // <- hot 15
}

function lintFiles(paths, write = console.log) {
  let bad = 0;
  for (const path of paths) {
    const problems = lint(fs.readFileSync(path, 'utf8'));
    for (const p of problems) {
      write(`${path}:${p.line}:${p.column} ${p.id} ${p.text}`);
    }
    bad += problems.length;
  }
  return bad;
}

module.exports = { lint, lintFiles };
