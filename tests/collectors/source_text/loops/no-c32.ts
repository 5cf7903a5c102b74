interface Cell { text: string; colSpan: number }
interface TableRow { cells: Cell[]; header: boolean }

export function columnWidths(rows: TableRow[], columns: number): number[] {
  const widths = new Array<number>(columns).fill(0);
  for (const row of rows) {
    let col = 0;
    for (const cell of row.cells) {
      if (cell.colSpan === 1 && cell.text.length > widths[col]) { // <- 0
        widths[col] = cell.text.length;
      }
      col += cell.colSpan;
    }
  }
  return widths;
}

export function format(rows: TableRow[], columns: number): string {
  const widths = columnWidths(rows, columns);
  return rows
    .map((r) => r.cells.map((c, i) => c.text.padEnd(widths[i])).join(r.header ? ' * ' : ' | '))
    .join('\n');
}
