"use strict";

const OPS = new Set(["+", "-", "<", ">", ".", ",", "[", "]"]);

function compile(text) {
  return Array.from(text).filter((c) => OPS.has(c));
}

function jumpTable(code) {
  const jumps = new Int32Array(code.length);
  const open = [];
  for (let i = 0; i < code.length; i++) {
    if (code[i] === "[") open.push(i);
    else if (code[i] === "]") {
      if (open.length === 0) throw new SyntaxError(`unbalanced bracket at ${i}`);
      const j = open.pop();
      jumps[i] = j;
      jumps[j] = i;
    }
  }
  if (open.length) throw new SyntaxError(`unbalanced bracket at ${open.pop()}`);
  return jumps;
}

class Machine {
  constructor(source, input = "") {
    this.code = compile(source);
    this.jumps = jumpTable(this.code);
    this.tape = new Uint8Array(30000);
    this.head = 0;
    this.input = Buffer.from(input);
    this.output = [];
  }

  run() {
    const { code, tape } = this;
    let read = 0;
    for (let pc = 0; pc < code.length; pc++) {
      switch (code[pc]) { // <- hot 44
        case "+": tape[this.head]++; break;
        case "-": tape[this.head]--; break;
        case ">": this.head++; break;
        case "<": this.head--; break;
        case ".": this.output.push(tape[this.head]); break;
        case ",": tape[this.head] = this.input[read++] ?? 0; break;
        case "[": if (!tape[this.head]) pc = this.jumps[pc]; break;
        case "]": if (tape[this.head]) pc = this.jumps[pc]; break; // <- hot 21
      }
    }
    return Buffer.from(this.output).toString();
  }
}

module.exports = { Machine };
