type Pt = { x: number; y: number };
const d = (a: Pt, b: Pt) => Math.hypot(a.x - b.x, a.y - b.y);

export function improve(tour: Pt[]): Pt[] {
  const t = tour.slice();
  const n = t.length;
  let better = true;
  while (better) {
    better = false;
    for (let i = 0; i < n - 2; i++) {
      for (let j = i + 2; j < n; j++) {
        const c = t[(j + 1) % n];
        const gain = d(t[i], t[i + 1]) + d(t[j], c) - d(t[i], t[j]) - d(t[i + 1], c); // <- 0
        if (gain > 1e-9) {
          for (let a = i + 1, b = j; a < b; a++, b--) {
            [t[a], t[b]] = [t[b], t[a]];
          }
          better = true;
        }
      }
    }
  }
  return t;
}
