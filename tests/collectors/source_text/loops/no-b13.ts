type Cell = { v: number | null; fmt?: string };
type Sheet = { name: string; rows: Cell[][] };

export class Book {
  constructor(private sheets: Sheet[]) {}

  private widest(row: Cell[]): number {
    let w = 0;
    let i = 0;
    while (i < row.length) {
      const s = row[i]?.v?.toFixed(2) ?? ''; // <- 0
      w = s.length > w ? s.length : w;
      i++;
    }
    return w;
  }

  private sheetWidth(s: Sheet): number {
    return Math.max(0, ...s.rows.map(r => this.widest(r))); // <- 1
  }

  layout(): Record<string, number> {
    const out: Record<string, number> = {};
    for (const s of this.sheets) out[s.name] = this.sheetWidth(s); // <- 2
    return out;
  }
}
