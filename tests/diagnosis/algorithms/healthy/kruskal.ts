export interface Cable {
  from: number;
  to: number;
  metres: number;
}

class DisjointSets {
  private parent: Int32Array;
  private rank: Uint8Array;

  constructor(size: number) {
    this.parent = Int32Array.from({ length: size }, (_, i) => i);
    this.rank = new Uint8Array(size);
  }

  find(a: number): number {
    const p = this.parent;
    while (p[a] !== a) { // <- hot 17
      p[a] = p[p[a]]; // <- hot 9
      a = p[a];
    }
    return a;
  }

  union(a: number, b: number): boolean {
    let ra = this.find(a);
    let rb = this.find(b);
    if (ra === rb) return false;
    if (this.rank[ra] < this.rank[rb]) [ra, rb] = [rb, ra];
    this.parent[rb] = ra;
    if (this.rank[ra] === this.rank[rb]) this.rank[ra]++;
    return true;
  }
}

export function cheapestNetwork(sites: number, cables: Cable[]): Cable[] {
  const ordered = [...cables].sort((a, b) => a.metres - b.metres); // <- hot 56
  const sets = new DisjointSets(sites);
  const chosen: Cable[] = [];
  for (const cable of ordered) {
    if (sets.union(cable.from, cable.to)) chosen.push(cable);
    if (chosen.length === sites - 1) break;
  }
  return chosen;
}

export function quote(sites: number, cables: Cable[], perMetre: number): number {
  const network = cheapestNetwork(sites, cables);
  if (network.length < sites - 1) throw new Error("sites cannot all be connected");
  return network.reduce((sum, c) => sum + c.metres * perMetre, 0);
}
