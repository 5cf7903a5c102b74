import { EventEmitter } from 'events';

interface Token { kind: string; text: string; start: number }
interface Diagnostic { line: number; message: string }

class Snapshot {
  readonly tokens: Token[];
  constructor(readonly uri: string, readonly version: number, readonly text: string, readonly previous: Snapshot | null) { // <- cost
    this.tokens = tokenize(text);
  }

  changedSince(): number {
    return this.previous ? Math.abs(this.tokens.length - this.previous.tokens.length) : this.tokens.length;
  }
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /([A-Za-z_]\w*)|(\d+)|("[^"]*")|(\S)/g;
  let m: RegExpExecArray | null;
  while ((m = pattern.exec(text))) {
    const kind = m[1] ? 'ident' : m[2] ? 'number' : m[3] ? 'string' : 'punct';
    tokens.push({ kind, text: m[0], start: m.index }); // <- made 75
  }
  return tokens;
}

export class LanguageServer extends EventEmitter {
  private open = new Map<string, Snapshot>();
  private diagnostics = new Map<string, Diagnostic[]>();
  private queue: string[] = [];

  didOpen(uri: string, text: string): void {
    this.open.set(uri, new Snapshot(uri, 1, text, null));
    this.schedule(uri);
  }

  didChange(uri: string, version: number, range: [number, number], insert: string): void {
    const current = this.open.get(uri);
    if (!current) return;
    const text = current.text.slice(0, range[0]) + insert + current.text.slice(range[1]); // <- made 15
    this.open.set(uri, new Snapshot(uri, version, text, current)); // <- made 10 <- cost
    this.schedule(uri);
  }

  didClose(uri: string): void {
    this.open.delete(uri);
    this.diagnostics.delete(uri);
  }

  private schedule(uri: string): void {
    if (!this.queue.includes(uri)) this.queue.push(uri);
    if (this.queue.length === 1) setTimeout(() => this.check(), 150);
  }

  private check(): void {
    const uris = this.queue.splice(0);
    for (const uri of uris) {
      const snap = this.open.get(uri);
      if (!snap || snap.changedSince() === 0) continue;
      const found: Diagnostic[] = [];
      const depth: Token[] = [];
      for (const t of snap.tokens) {
        if (t.text === '(') depth.push(t);
        else if (t.text === ')' && !depth.pop()) found.push({ line: t.start, message: 'unexpected )' });
      }
      for (const t of depth) found.push({ line: t.start, message: 'unclosed (' });
      this.diagnostics.set(uri, found);
      this.emit('diagnostics', uri, found);
    }
  }
}
