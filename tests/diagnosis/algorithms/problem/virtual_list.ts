export interface RowBox<T> {
  item: T;
  top: number;
  height: number;
}

export interface Viewport {
  scrollTop: number;
  height: number;
}

export class VirtualList<T> {
  private heights: number[] = [];

  constructor(
    private readonly items: T[],
    private readonly measure: (item: T) => number,
  ) {
    this.heights = items.map(measure);
  }

  get length(): number {
    return this.items.length;
  }

  private offsetOf(index: number): number {
    return this.heights.slice(0, index).reduce((sum, h) => sum + h, 0); // <- cost hot 94
  }

  layout(): RowBox<T>[] {
    return this.items.map((item, i) => ({
      item,
      top: this.offsetOf(i), // <- cost
      height: this.heights[i],
    }));
  }

  remeasure(index: number): void {
    this.heights[index] = this.measure(this.items[index]);
  }
}

function firstVisible<T>(boxes: RowBox<T>[], y: number): number {
  let lo = 0;
  let hi = boxes.length;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (boxes[mid].top + boxes[mid].height <= y) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

export function visible<T>(list: VirtualList<T>, view: Viewport): RowBox<T>[] {
  const boxes = list.layout();
  const out: RowBox<T>[] = [];
  for (let i = firstVisible(boxes, view.scrollTop); i < boxes.length; i++) {
    if (boxes[i].top >= view.scrollTop + view.height) break;
    out.push(boxes[i]);
  }
  return out;
}
