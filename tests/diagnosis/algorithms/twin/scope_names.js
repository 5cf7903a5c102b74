'use strict';

const IDENTIFIER_UNSAFE = /[^\p{ID_Continue}$]+/gu;

function toIdentifier(name) {
  const cleaned = name.replace(IDENTIFIER_UNSAFE, '-').replace(/^[-0-9]+/, '');
  return cleaned.replace(/-+(.)?/g, (_, c) => (c ? c.toUpperCase() : '')) || '_';
}

class Scope {
  constructor(parent = null) {
    this.parent = parent;
    this.bindings = new Map();
    this.references = new Set();
    if (!parent) {
      this.uids = new Set();
      this.globals = new Set();
      this.uidCounters = new Map();
    }
  }

  get program() {
    let scope = this;
    while (scope.parent) scope = scope.parent;
    return scope;
  }

  hasBinding(name) {
    for (let scope = this; scope; scope = scope.parent) {
      if (scope.bindings.has(name)) return true;
    }
    return false;
  }

  isTaken(name) {
    const program = this.program;
    return program.uids.has(name) // <- hot 18
      || this.hasBinding(name) // <- hot 12
      || program.globals.has(name)
      || program.references.has(name);
  }

  /** A name like `_base`, `_base2`, … which nothing in the program uses yet. */
  generateUid(base = 'temp') {
    const stem = toIdentifier(base).replace(/^_+/, '').replace(/\d+$/g, ''); // <- hot 43
    const { uids, uidCounters } = this.program;
    let name;
    let i = uidCounters.get(stem) || 1;
    do {
      name = i > 1 ? `_${stem}${i}` : `_${stem}`;
      i++;
    } while (this.isTaken(name));
    uidCounters.set(stem, i);
    uids.add(name); // <- hot 14
    return name;
  }

  push(id, init) {
    this.bindings.set(id, { kind: 'let', init });
  }
}

/** Lifts every call out of the given expressions into a binding of its own. */
function hoistCalls(scope, expressions) {
  const visit = (node) => {
    if (node.type !== 'CallExpression') return node;
    const args = node.arguments.map(visit);
    const id = scope.generateUid(node.callee.name);
    scope.push(id, { ...node, arguments: args });
    return { type: 'Identifier', name: id };
  };
  return expressions.map(visit);
}

module.exports = { Scope, hoistCalls, toIdentifier };
