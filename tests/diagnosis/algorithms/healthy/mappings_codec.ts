const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const COMMA = 44;
const SEMICOLON = 59;

const charToInt = new Uint8Array(128);
const intToChar = new Uint8Array(64);
for (let i = 0; i < ALPHABET.length; i++) {
  const c = ALPHABET.charCodeAt(i);
  intToChar[i] = c;
  charToInt[c] = i;
}

export type Segment = [column: number, source: number, line: number, sourceColumn: number];

class Reader {
  pos = 0;
  constructor(private readonly text: string) {}

  get done(): boolean {
    return this.pos >= this.text.length;
  }

  peek(): number {
    return this.text.charCodeAt(this.pos);
  }

  integer(previous: number): number {
    let value = 0;
    let shift = 0;
    let digit: number;
    do {
      digit = charToInt[this.text.charCodeAt(this.pos++)]; // <- hot 37
      value |= (digit & 31) << shift; // <- hot 16
      shift += 5;
    } while (digit & 32);
    const negative = value & 1;
    value >>>= 1;
    return previous + (negative ? -value : value);
  }
}

export function decode(mappings: string): Segment[][] {
  const reader = new Reader(mappings);
  const lines: Segment[][] = [[]];
  let column = 0;
  let source = 0;
  let line = 0;
  let sourceColumn = 0;
  let sorted = true;
  while (!reader.done) {
    const next = reader.peek();
    if (next === SEMICOLON) {
      finish(lines[lines.length - 1], sorted);
      lines.push([]);
      column = 0;
      sorted = true;
      reader.pos++;
    } else if (next === COMMA) {
      reader.pos++;
    } else {
      const before = column;
      column = reader.integer(column);
      if (column < before) sorted = false;
      source = reader.integer(source);
      line = reader.integer(line);
      sourceColumn = reader.integer(sourceColumn);
      lines[lines.length - 1].push([column, source, line, sourceColumn]); // <- hot 25
    }
  }
  finish(lines[lines.length - 1], sorted);
  return lines;
}

function finish(segments: Segment[], sorted: boolean): void {
  if (!sorted) segments.sort((a, b) => a[0] - b[0]);
}
