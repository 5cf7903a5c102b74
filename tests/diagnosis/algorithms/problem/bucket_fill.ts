export type Point = { x: number; y: number };

export class Canvas {
  readonly cells: Uint32Array;

  constructor(readonly width: number, readonly height: number) {
    this.cells = new Uint32Array(width * height);
  }

  at(p: Point): number {
    return this.cells[p.y * this.width + p.x];
  }

  contains(p: Point): boolean {
    return p.x >= 0 && p.y >= 0 && p.x < this.width && p.y < this.height;
  }
}

function around({ x, y }: Point): Point[] {
  return [
    { x: x + 1, y },
    { x: x - 1, y },
    { x, y: y + 1 },
    { x, y: y - 1 },
  ];
}

const same = (a: Point) => (b: Point) => a.x === b.x && a.y === b.y; // <- hot 52

export function region(canvas: Canvas, start: Point): Point[] {
  const colour = canvas.at(start);
  const found: Point[] = [start];
  for (let i = 0; i < found.length; i++) {
    for (const p of around(found[i])) {
      if (!canvas.contains(p) || canvas.at(p) !== colour) continue;
      if (found.some(same(p))) continue; // <- cost hot 41
      found.push(p);
    }
  }
  return found;
}

export function bucketFill(canvas: Canvas, start: Point, colour: number): number {
  if (!canvas.contains(start) || canvas.at(start) === colour) return 0;
  const cells = region(canvas, start);
  for (const { x, y } of cells) canvas.cells[y * canvas.width + x] = colour;
  return cells.length;
}
