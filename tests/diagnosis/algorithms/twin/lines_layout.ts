export interface Decoration {
  id: string;
  startLine: number;
  endLine: number;
}

export interface Box {
  id: string;
  top: number;
  height: number;
}

/** Vertical layout of a document whose lines differ in height. */
export class LinesLayout {
  private readonly heights: number[];
  private readonly prefix: Float64Array;
  private validUpTo = 0;

  constructor(lineCount: number, private readonly lineHeight: number) {
    this.heights = new Array<number>(lineCount).fill(lineHeight);
    this.prefix = new Float64Array(lineCount + 1);
  }

  get lineCount(): number {
    return this.heights.length;
  }

  setHeight(line: number, height: number): void {
    this.heights[line] = height;
    if (line < this.validUpTo) this.validUpTo = line;
  }

  getTop(line: number): number {
    for (let i = this.validUpTo; i < line; i++) {
      this.prefix[i + 1] = this.prefix[i] + this.heights[i]; // <- hot 14
    }
    if (line > this.validUpTo) this.validUpTo = line;
    return this.prefix[line]; // <- hot 26
  }

  lineAt(offset: number): number {
    this.getTop(this.heights.length);
    let low = 0;
    let high = this.heights.length - 1;
    while (low < high) {
      const mid = (low + high + 1) >> 1;
      if (this.prefix[mid] <= offset) low = mid; // <- hot 12
      else high = mid - 1;
    }
    return low;
  }
}

export class ViewZones {
  constructor(private readonly layout: LinesLayout) {}

  /** Boxes of all the decorations, for the ruler beside the scroll bar. */
  rulerBoxes(decorations: readonly Decoration[]): Box[] {
    const last = this.layout.lineCount;
    return decorations.map(({ id, startLine, endLine }) => {
      const top = this.layout.getTop(startLine);
      const bottom = this.layout.getTop(Math.min(endLine + 1, last));
      return { id, top, height: bottom - top }; // <- hot 29
    });
  }

  visible(decorations: readonly Decoration[], scrollTop: number, height: number): Decoration[] {
    const first = this.layout.lineAt(scrollTop);
    const last = this.layout.lineAt(scrollTop + height);
    return decorations.filter((d) => d.endLine >= first && d.startLine <= last);
  }
}
