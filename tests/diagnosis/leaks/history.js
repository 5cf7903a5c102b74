const GRID = 16;

function cloneShape(shape) {
  return { // <- made 30
    ...shape,
    points: shape.points.map((p) => ({ x: p.x, y: p.y })), // <- made 70
  };
}

function snapshot(doc) {
  return { version: doc.version, shapes: doc.shapes.map(cloneShape) };
}

export class Document {
  constructor() {
    this.version = 0;
    this.shapes = [];
    this.selection = new Set();
  }

  add(shape) {
    this.shapes.push(shape);
    this.version++;
  }

  remove(id) {
    this.shapes = this.shapes.filter((s) => s.id !== id);
    this.selection.delete(id);
    this.version++;
  }
}

export class Editor {
  constructor(canvas) {
    this.canvas = canvas;
    this.doc = new Document();
    this.undoStack = []; // <- cost
    this.redoStack = [];
    this.drag = null;
    this.guides = [];
    this.dirtyRects = [];
  }

  checkpoint() {
    this.undoStack.push(snapshot(this.doc)); // <- cost
    this.redoStack.length = 0;
  }

  undo() {
    const prev = this.undoStack.pop();
    if (!prev) return;
    this.redoStack.push(snapshot(this.doc));
    this.restore(prev);
  }

  redo() {
    const next = this.redoStack.pop();
    if (!next) return;
    this.undoStack.push(snapshot(this.doc));
    this.restore(next);
  }

  restore(state) {
    this.doc.version = state.version;
    this.doc.shapes = state.shapes;
    this.doc.selection.clear();
    this.invalidate({ x: 0, y: 0, w: this.canvas.width, h: this.canvas.height });
  }

  onPointerDown(ev) {
    const hit = this.doc.shapes.find((s) => s.points.some((p) => Math.hypot(p.x - ev.x, p.y - ev.y) < 6));
    if (hit) this.drag = { shape: hit, x: ev.x, y: ev.y };
  }

  onPointerMove(ev) {
    if (!this.drag) return;
    this.checkpoint();
    const dx = ev.x - this.drag.x;
    const dy = ev.y - this.drag.y;
    for (const p of this.drag.shape.points) {
      p.x += dx;
      p.y += dy;
    }
    this.guides = this.drag.shape.points.map((p) => ({ x: Math.round(p.x / GRID) * GRID, y: Math.round(p.y / GRID) * GRID }));
    this.drag.x = ev.x;
    this.drag.y = ev.y;
    this.invalidate({ x: ev.x - 50, y: ev.y - 50, w: 100, h: 100 });
  }

  onPointerUp() {
    this.drag = null;
    this.guides = [];
  }

  invalidate(rect) {
    this.dirtyRects.push(rect);
  }

  paint(ctx) {
    const rects = this.dirtyRects;
    this.dirtyRects = [];
    for (const r of rects) ctx.clearRect(r.x, r.y, r.w, r.h);
    for (const s of this.doc.shapes) ctx.drawShape(s);
  }
}
