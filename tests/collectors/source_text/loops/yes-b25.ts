export interface Shift { staff: string; from: number; to: number }

const overlaps = (a: Shift, b: Shift) => a.staff === b.staff && a.from < b.to && b.from < a.to;

export function conflicts(rota: Shift[]): Map<Shift, number> {
  const result = new Map<Shift, number>();
  for (let i = 0; i < rota.length; i++) { // <- outer
    const n = rota.reduce((acc, other, j) => acc + (i !== j && overlaps(rota[i], other) ? 1 : 0), 0); // <- 0
    if (n) result.set(rota[i], n);
  }
  return result;
}
