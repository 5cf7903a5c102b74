export type Part = { kind: 'text' | 'expr'; value: string };

export class TemplateParser {
  private pos = 0;
  constructor(private readonly src: string) {}

  private closing(): number {
    let depth = 1;
    let i = this.pos;
    while (i < this.src.length && depth > 0) {
      const ch = this.src[i];
      if (ch === '{') depth++; // <- 0
      else if (ch === '}') depth--;
      i++;
    }
    if (depth > 0) throw new SyntaxError(`unclosed expression at ${this.pos}`);
    return i - 1;
  }

  parse(): Part[] {
    const parts: Part[] = [];
    while (this.pos < this.src.length) {
      const open = this.src.indexOf('${', this.pos);
      const stop = open < 0 ? this.src.length : open;
      if (stop > this.pos) parts.push({ kind: 'text', value: this.src.slice(this.pos, stop) });
      if (open < 0) break;
      this.pos = open + 2;
      const end = this.closing(); // <- 1
      parts.push({ kind: 'expr', value: this.src.slice(this.pos, end) });
      this.pos = end + 1;
    }
    return parts;
  }
}
