export interface Box { x: number; y: number; w: number; h: number }

const CELL = 128;

class SpatialIndex {
  private cells = new Map<string, Set<SceneNode>>(); // <- cost

  insert(node: SceneNode): void {
    for (const key of this.keys(node.box)) {
      let cell = this.cells.get(key);
      if (!cell) this.cells.set(key, (cell = new Set()));
      cell.add(node); // <- cost
    }
  }

  remove(node: SceneNode): void {
    for (const key of this.keys(node.box)) this.cells.get(key)?.delete(node);
  }

  query(area: Box): SceneNode[] {
    const found = new Set<SceneNode>();
    for (const key of this.keys(area)) {
      for (const n of this.cells.get(key) ?? []) found.add(n);
    }
    return [...found];
  }

  private keys(b: Box): string[] {
    const out: string[] = [];
    for (let cx = Math.floor(b.x / CELL); cx <= Math.floor((b.x + b.w) / CELL); cx++) {
      for (let cy = Math.floor(b.y / CELL); cy <= Math.floor((b.y + b.h) / CELL); cy++) {
        out.push(`${cx}:${cy}`);
      }
    }
    return out;
  }
}

export class SceneNode {
  parent: SceneNode | null = null;
  children: SceneNode[] = [];
  vertices: Float32Array;

  constructor(public id: number, public box: Box, segments: number) {
    this.vertices = new Float32Array(segments * 2); // <- made 80
  }

  add(child: SceneNode): void {
    child.parent = this;
    this.children.push(child);
  }

  detach(): void {
    if (!this.parent) return;
    this.parent.children = this.parent.children.filter((c) => c !== this);
    this.parent = null;
  }
}

export class Scene {
  readonly root = new SceneNode(0, { x: 0, y: 0, w: 4096, h: 4096 }, 4);
  private index = new SpatialIndex();
  private dirty: Box[] = [];
  private nextId = 1;

  create(box: Box, segments = 64): SceneNode {
    const node = new SceneNode(this.nextId++, { ...box }, segments); // <- made 20
    this.root.add(node);
    this.index.insert(node);
    this.dirty.push(box);
    return node;
  }

  move(node: SceneNode, x: number, y: number): void {
    this.dirty.push({ ...node.box });
    this.index.remove(node);
    node.box = { ...node.box, x, y };
    this.index.insert(node);
  }

  destroy(node: SceneNode): void {
    this.dirty.push(node.box);
    node.detach(); // <- cost
  }

  paint(ctx: CanvasRenderingContext2D): void {
    for (const area of this.dirty) {
      ctx.clearRect(area.x, area.y, area.w, area.h);
      for (const node of this.index.query(area)) {
        if (!node.parent) continue;
        ctx.beginPath();
        for (let i = 0; i < node.vertices.length; i += 2) ctx.lineTo(node.vertices[i], node.vertices[i + 1]);
        ctx.stroke();
      }
    }
    this.dirty.length = 0;
  }
}
