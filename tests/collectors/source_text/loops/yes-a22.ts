type Row = { id: number; parentId: number | null; title: string; order: number };
type MenuItem = { title: string; items: MenuItem[] };

export class MenuBuilder {
  constructor(private readonly rows: Row[]) {}

  build(): MenuItem[] {
    return this.level(null);
  }

  private level(parent: number | null): MenuItem[] {
    const out: MenuItem[] = [];
    const children = this.rows
      .filter((r) => r.parentId === parent) // <- 0
      .sort((a, b) => a.order - b.order);
    for (const r of children) { // <- outer
      out.push({ title: r.title, items: this.level(r.id) });
    }
    return out;
  }
}
