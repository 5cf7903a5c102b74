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
  constructor(readonly path: string, readonly text: string) {}

  locate(offset: number): Location {
    let line = 1;
    let lineStart = 0;
    for (let i = 0; i < offset; i++) { // <- cost hot 35
      if (this.text.charCodeAt(i) === 10) { // <- hot 60
        line++;
        lineStart = i + 1;
      }
    }
    return { line, column: offset - lineStart + 1 };
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
    const { line, column } = source.locate(issue.offset); // <- cost
    return `${path}:${line}:${column} ${issue.message} (${issue.rule})`;
  });
}
