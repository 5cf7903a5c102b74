interface Rule { kind: string; test: (s: string) => boolean }

const RULES: readonly Rule[] = [
  { kind: 'int', test: s => /^-?\d+$/.test(s) },
  { kind: 'float', test: s => /^-?\d+\.\d+$/.test(s) },
  { kind: 'bool', test: s => s === 'true' || s === 'false' },
  { kind: 'date', test: s => /^\d{4}-\d\d-\d\d$/.test(s) },
];

function kindOf(cell: string): string {
  return RULES.find(r => r.test(cell))?.kind ?? 'text'; // <- 0
}

export function sniff(rows: string[][]): string[][] {
  const out: string[][] = [];
  for (const row of rows) {
    out.push(row.map(c => kindOf(c))); // <- 1
  }
  return out;
}
