"use strict";

const OPS = new Set(["+", "-", "<", ">", ".", ",", "[", "]"]);

function compile(text) {
  return Array.from(text).filter((c) => OPS.has(c));
}

function findMatch(code, pc, step) {
  let depth = 0;
  for (let i = pc; i >= 0 && i < code.length; i += step) { // <- cost hot 33
    if (code[i] === "[") depth++; // <- cost hot 27
    else if (code[i] === "]") depth--; // <- cost hot 21
    if (depth === 0) return i;
  }
  throw new SyntaxError(`unbalanced bracket at ${pc}`);
}

class Machine {
  constructor(source, input = "") {
    this.code = compile(source);
    this.tape = new Uint8Array(30000);
    this.head = 0;
    this.input = Buffer.from(input);
    this.output = [];
  }

  run() {
    const { code, tape } = this;
    let read = 0;
    for (let pc = 0; pc < code.length; pc++) {
      switch (code[pc]) { // <- hot 7
        case "+": tape[this.head]++; break;
        case "-": tape[this.head]--; break;
        case ">": this.head++; break;
        case "<": this.head--; break;
        case ".": this.output.push(tape[this.head]); break;
        case ",": tape[this.head] = this.input[read++] ?? 0; break;
        case "[": if (!tape[this.head]) pc = findMatch(code, pc, 1); break;
        case "]": if (tape[this.head]) pc = findMatch(code, pc, -1); break; // <- cost
      }
    }
    return Buffer.from(this.output).toString();
  }
}

module.exports = { Machine };
