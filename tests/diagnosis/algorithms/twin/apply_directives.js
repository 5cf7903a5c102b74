'use strict';

/**
 * Drops the problems which in-file comments switch off.
 * A directive is { type: 'disable' | 'enable', ruleId: string | null, line, column };
 * with no ruleId it is about all the rules.
 */

function compareLocations(a, b) {
  return a.line - b.line || a.column - b.column;
}

function parseDirectives(comments) {
  const directives = [];
  for (const comment of comments) {
    const match = /^\s*lint-(disable|enable)(?:\s+(.*))?$/u.exec(comment.value);
    if (!match) continue;
    const rules = match[2] ? match[2].split(',').map((name) => name.trim()).filter(Boolean) : [null];
    for (const ruleId of rules) {
      directives.push({ type: match[1], ruleId, line: comment.line, column: comment.column });
    }
  }
  return directives;
}

class SwitchBoard {
  constructor() {
    this.all = false;
    this.byRule = new Map();
  }

  apply({ type, ruleId }) {
    if (ruleId === null) {
      this.all = type === 'disable';
      this.byRule.clear();
    } else {
      this.byRule.set(ruleId, type === 'disable');
    }
  }

  isOff(ruleId) {
    const own = this.byRule.get(ruleId); // <- hot 17
    return own === undefined ? this.all : own;
  }
}

function applyDirectives(problems, comments) {
  const directives = parseDirectives(comments).sort(compareLocations);
  const ordered = [...problems].sort(compareLocations); // <- hot 49
  const board = new SwitchBoard();
  const kept = [];
  let next = 0;
  for (const problem of ordered) {
    while (next < directives.length && compareLocations(directives[next], problem) <= 0) { // <- hot 13
      board.apply(directives[next++]);
    }
    if (!board.isOff(problem.ruleId)) kept.push(problem);
  }
  return { problems: kept, suppressed: problems.length - kept.length };
}

function summarize(results) {
  let errors = 0;
  let suppressed = 0;
  for (const { problems, comments } of results) {
    const outcome = applyDirectives(problems, comments);
    errors += outcome.problems.length;
    suppressed += outcome.suppressed;
  }
  return `${errors} problems, ${suppressed} suppressed`;
}

module.exports = { applyDirectives, parseDirectives, summarize };
