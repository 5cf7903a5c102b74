import { readFileSync } from 'node:fs';

export interface Issue {
  rule: string;
  offset: number;
  message: string;
}

export interface Location {
  line: number;
  column: number;
}

export class SourceText {
  private readonly starts: number[] = [0];

  constructor(readonly path: string, readonly text: string) {
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) { // <- hot 25
      this.starts.push(i + 1);
    }
  }

  locate(offset: number): Location {
    let lo = 0;
    let hi = this.starts.length;
    while (hi - lo > 1) { // <- hot 12
      const mid = (lo + hi) >> 1;
      if (this.starts[mid] <= offset) lo = mid; // <- hot 26
      else hi = mid;
    }
    return { line: lo + 1, column: offset - this.starts[lo] + 1 };
  }
}

type Check = (text: string, report: (offset: number, message: string) => void) => void;

function run(source: SourceText, checks: Record<string, Check>): Issue[] {
  const issues: Issue[] = [];
  for (const [rule, check] of Object.entries(checks)) {
    check(source.text, (offset, message) => issues.push({ rule, offset, message }));
  }
  return issues;
}

export function lint(path: string, checks: Record<string, Check>): string[] {
  const source = new SourceText(path, readFileSync(path, 'utf8'));
  return run(source, checks).map((issue) => {
    const { line, column } = source.locate(issue.offset);
    return `${path}:${line}:${column} ${issue.message} (${issue.rule})`; // <- hot 20
  });
}
