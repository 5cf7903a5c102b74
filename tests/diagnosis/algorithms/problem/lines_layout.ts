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

  constructor(lineCount: number, private readonly lineHeight: number) {
    this.heights = new Array<number>(lineCount).fill(lineHeight);
  }

  get lineCount(): number {
    return this.heights.length;
  }

  setHeight(line: number, height: number): void {
    this.heights[line] = height;
  }

  getTop(line: number): number {
    let top = 0;
    for (let i = 0; i < line; i++) {
      top += this.heights[i]; // <- cost hot 87
    }
    return top;
  }

  lineAt(offset: number): number {
    let line = 0;
    let bottom = this.heights[0];
    while (bottom <= offset && line < this.heights.length - 1) {
      bottom += this.heights[++line]; // <- cost hot 6
    }
    return line;
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
      return { id, top, height: bottom - top };
    });
  }

  visible(decorations: readonly Decoration[], scrollTop: number, height: number): Decoration[] {
    const first = this.layout.lineAt(scrollTop);
    const last = this.layout.lineAt(scrollTop + height);
    return decorations.filter((d) => d.endLine >= first && d.startLine <= last);
  }
}
