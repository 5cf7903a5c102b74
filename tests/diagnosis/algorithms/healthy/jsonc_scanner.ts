export const enum Kind { Punct, String, Number, Word, End }

export interface Token {
  kind: Kind;
  start: number;
  end: number;
}

const PUNCT = "{}[]:,";

export class Scanner {
  private pos = 0;

  constructor(private readonly text: string) {}

  private skipSpace(): void {
    for (;;) {
      const c = this.text.charCodeAt(this.pos); // <- hot 24
      if (c === 32 || c === 10 || c === 13 || c === 9) { // <- hot 13
        this.pos++;
      } else if (c === 47 && this.text.charCodeAt(this.pos + 1) === 47) {
        const nl = this.text.indexOf("\n", this.pos);
        this.pos = nl < 0 ? this.text.length : nl + 1;
      } else {
        return;
      }
    }
  }

  next(): Token {
    this.skipSpace();
    const start = this.pos;
    if (start >= this.text.length) return { kind: Kind.End, start, end: start };
    const ch = this.text[start];
    if (PUNCT.includes(ch)) return { kind: Kind.Punct, start, end: ++this.pos }; // <- hot 11
    if (ch === '"') {
      this.pos++;
      while (this.pos < this.text.length && this.text[this.pos] !== '"') { // <- hot 32
        this.pos += this.text[this.pos] === "\\" ? 2 : 1;
      }
      return { kind: Kind.String, start, end: ++this.pos };
    }
    const numeric = ch === "-" || (ch >= "0" && ch <= "9");
    this.pos++;
    while (/[\w.+-]/.test(this.text.charAt(this.pos))) this.pos++;
    return { kind: numeric ? Kind.Number : Kind.Word, start, end: this.pos };
  }
}

export function countTokens(text: string): number {
  const scanner = new Scanner(text);
  let n = 0;
  while (scanner.next().kind !== Kind.End) n++;
  return n;
}
