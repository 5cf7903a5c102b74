interface Entry {
  name: string;
  size: number;
  children?: Entry[];
}

export function diskUsage(e: Entry): number {
  let total = e.size;
  for (const c of e.children ?? []) {
    total += diskUsage(c); // <- 0
  }
  return total;
}

export function summary(volumes: Map<string, Entry>): string[] {
  const out: string[] = [];
  for (const [mount, root] of volumes) {
    const bytes = diskUsage(root); // <- 1
    out.push(`${mount}\t${(bytes / 2 ** 30).toFixed(1)}G`);
  }
  return out.sort();
}
