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

function isSuppressed(problem, directives) {
  return directives
    .filter((d) => compareLocations(d, problem) <= 0) // <- cost hot 63
    .filter((d) => d.ruleId === null || d.ruleId === problem.ruleId) // <- hot 21
    .reduce((_, d) => d.type === 'disable', false); // <- hot 5
}

function applyDirectives(problems, comments) {
  const directives = parseDirectives(comments).sort(compareLocations);
  const kept = [];
  let suppressed = 0;
  for (const problem of problems) {
    if (isSuppressed(problem, directives)) { // <- cost
      suppressed += 1;
    } else {
      kept.push(problem);
    }
  }
  return { problems: kept.sort(compareLocations), suppressed };
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
