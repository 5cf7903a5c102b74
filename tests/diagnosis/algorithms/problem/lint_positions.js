'use strict';
const fs = require('fs');

const CHECKS = [
  { id: 'no-todo', re: /TODO|FIXME/g, text: 'unfinished work' },
  { id: 'no-tabs', re: /\t/g, text: 'tab character' },
  { id: 'no-trailing-space', re: / +(?=\n)/g, text: 'trailing space' },
];

function position(source, offset) {
  const before = source.slice(0, offset).split('\n'); // <- cost hot 91
  return { line: before.length, column: before[before.length - 1].length + 1 };
}

function lint(source) {
  const problems = [];
  for (const { id, re, text } of CHECKS) {
    for (const match of source.matchAll(re)) {
      problems.push({ id, text, ...position(source, match.index) });
    }
  }
  return problems.sort((a, b) => a.line - b.line || a.column - b.column);
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
