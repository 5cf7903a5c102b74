export interface Position {
  line: number;
  column: number;
}

export interface RawNode {
  kind: 'rule' | 'decl' | 'atrule' | 'comment';
  start: number;
  end: number;
  nodes?: RawNode[];
  source?: { input: SourceInput; start: Position; end: Position };
}

export class StyleSyntaxError extends Error {
  constructor(message: string, readonly file: string, readonly position: Position) {
    super(`${file}:${position.line}:${position.column}: ${message}`);
  }
}

/** The text of one style sheet, and where in it things are. */
export class SourceInput {
  readonly css: string;

  constructor(css: string, readonly file = '<input>') {
    this.css = css.charCodeAt(0) === 0xfeff ? css.slice(1) : css;
  }

  fromOffset(offset: number): Position {
    const lines = this.css.split('\n'); // <- cost hot 64
    const lineToIndex = new Array<number>(lines.length);
    let prevIndex = 0;
    for (let i = 0, l = lines.length; i < l; i++) {
      lineToIndex[i] = prevIndex; // <- hot 12
      prevIndex += lines[i].length + 1; // <- cost hot 18
    }

    let min = 0;
    let max = lineToIndex.length - 1;
    while (min < max) {
      const mid = (min + max + 1) >> 1;
      if (offset < lineToIndex[mid]) max = mid - 1;
      else min = mid;
    }
    return { line: min + 1, column: offset - lineToIndex[min] + 1 };
  }

  error(message: string, offset: number): StyleSyntaxError {
    return new StyleSyntaxError(message, this.file, this.fromOffset(offset));
  }
}

/** Gives each node of a raw tree its place in lines and columns. */
export function locate(nodes: RawNode[], input: SourceInput): void {
  for (const node of nodes) {
    if (node.end < node.start) throw input.error('Node ends before it begins', node.start);
    node.source = {
      input,
      start: input.fromOffset(node.start),
      end: input.fromOffset(node.end),
    };
    if (node.nodes) locate(node.nodes, input);
  }
}
