export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Shape extends Box {
  id: string;
  z: number;
}

const touches = (a: Box, b: Box): boolean =>
  a.x <= b.x + b.w && b.x <= a.x + a.w && a.y <= b.y + b.h && b.y <= a.y + a.h; // <- hot 36

const LEAF = 12;

export class QuadTree {
  private items: Shape[] = [];
  private kids: QuadTree[] | null = null;

  constructor(private readonly bounds: Box, private readonly depth = 0) {}

  insert(shape: Shape): void {
    if (this.kids) {
      for (const kid of this.kids) if (touches(kid.bounds, shape)) kid.insert(shape);
      return;
    }
    this.items.push(shape);
    if (this.items.length > LEAF && this.depth < 12) this.split();
  }

  private split(): void {
    const { x, y } = this.bounds;
    const w = this.bounds.w / 2;
    const h = this.bounds.h / 2;
    const corners = [[x, y], [x + w, y], [x, y + h], [x + w, y + h]];
    this.kids = corners.map(([kx, ky]) => new QuadTree({ x: kx, y: ky, w, h }, this.depth + 1));
    const items = this.items;
    this.items = [];
    for (const item of items) this.insert(item);
  }

  query(area: Box, found: Set<Shape>): void {
    if (!touches(this.bounds, area)) return; // <- hot 14
    for (const item of this.items) { // <- hot 18
      if (touches(item, area)) found.add(item); // <- hot 16
    }
    if (this.kids) for (const kid of this.kids) kid.query(area, found);
  }
}

export function pick(tree: QuadTree, px: number, py: number): Shape | undefined {
  const found = new Set<Shape>();
  tree.query({ x: px, y: py, w: 0, h: 0 }, found);
  let top: Shape | undefined;
  for (const shape of found) if (!top || shape.z > top.z) top = shape;
  return top;
}

export function pickAlong(tree: QuadTree, points: readonly [number, number][]): string[] {
  return points.map(([x, y]) => pick(tree, x, y)?.id ?? '');
}
