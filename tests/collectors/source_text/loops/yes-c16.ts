type GraphNode = { key: string; x: number; y: number; pinned?: boolean };
type GraphEdge = { from: string; to: string; length: number };

export class ForceView {
  nodes: GraphNode[] = [];
  edges: GraphEdge[] = [];

  private node(key: string): GraphNode {
    const hit = this.nodes.find((n) => n.key === key); // <- 0
    if (!hit) throw new Error(`missing node ${key}`);
    return hit;
  }

  applySprings(k: number): void {
    for (const e of this.edges) { // <- outer
      const a = this.node(e.from); // <- 1
      const b = this.node(e.to);
      const dx = b.x - a.x;
      const dy = b.y - a.y;
      const d = Math.hypot(dx, dy) || 1e-6;
      const f = (k * (d - e.length)) / d;
      if (!a.pinned) { a.x += dx * f; a.y += dy * f; }
      if (!b.pinned) { b.x -= dx * f; b.y -= dy * f; }
    }
  }
}
