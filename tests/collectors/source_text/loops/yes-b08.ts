interface Node { id: string; parentId?: string | null; title: string }

export class Outline {
  constructor(private readonly doc: { content?: { nodes: Node[] } }) {}

  private byId(id: string | null | undefined): Node | undefined {
    return id ? this.doc.content?.nodes.find(n => n.id === id) : undefined; // <- 0
  }

  breadcrumb(n: Node): string {
    const parts: string[] = [];
    for (let cur: Node | undefined = n; cur; cur = this.byId(cur.parentId)) { // <- 1
      parts.unshift(cur.title);
    }
    return parts.join(' / ');
  }

  toc(): Record<string, string> {
    const out: Record<string, string> = {};
    this.doc.content?.nodes.forEach(n => { // <- outer
      out[n.id] = this.breadcrumb(n); // <- 2
    });
    return out;
  }
}
