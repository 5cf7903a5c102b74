export function correlationMatrix(series: Float64Array[]): number[][] {
  const m: number[][] = series.map(() => new Array(series.length).fill(1));
  for (let i = 0; i < series.length; i++) {
    for (let j = i + 1; j < series.length; j++) {
      m[i][j] = m[j][i] = pearson(series[i], series[j]); // <- 1
    }
  }
  return m;
}

function pearson(a: Float64Array, b: Float64Array): number {
  let sa = 0, sb = 0, sab = 0, saa = 0, sbb = 0;
  for (let k = 0; k < a.length; k++) {
    sa += a[k];
    sb += b[k];
    sab += a[k] * b[k]; // <- 0
    saa += a[k] * a[k];
    sbb += b[k] * b[k];
  }
  const n = a.length;
  return (n * sab - sa * sb) / Math.sqrt((n * saa - sa * sa) * (n * sbb - sb * sb));
}
