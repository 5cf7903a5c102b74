const CAPACITY = 8;
const MAX_DEPTH = 12;

class Quad {
  constructor(x, y, size, depth = 0) {
    this.x = x;
    this.y = y;
    this.size = size;
    this.depth = depth;
    this.points = [];
    this.kids = null;
  }

  childFor(p) {
    const half = this.size / 2;
    return this.kids[(p.x >= this.x + half ? 1 : 0) + (p.y >= this.y + half ? 2 : 0)]; // <- hot 17
  }

  insert(p) {
    let node = this;
    while (node.kids) node = node.childFor(p);
    node.points.push(p);
    if (node.points.length > CAPACITY && node.depth < MAX_DEPTH) node.split();
  }

  split() {
    const half = this.size / 2;
    this.kids = [0, 1, 2, 3].map(
      (i) => new Quad(this.x + (i & 1) * half, this.y + (i >> 1) * half, half, this.depth + 1),
    );
    for (const p of this.points) this.childFor(p).insert(p);
    this.points = [];
  }

  *within(box) {
    if (this.x > box.right || this.x + this.size < box.left) return; // <- hot 18
    if (this.y > box.bottom || this.y + this.size < box.top) return; // <- hot 12
    if (this.kids) {
      for (const kid of this.kids) yield* kid.within(box); // <- hot 29
      return;
    }
    for (const p of this.points) {
      if (p.x >= box.left && p.x <= box.right && p.y >= box.top && p.y <= box.bottom) yield p;
    }
  }
}

export class MarkerLayer {
  constructor(markers, worldSize) {
    this.tree = new Quad(0, 0, worldSize);
    markers.forEach((m) => this.tree.insert(m));
  }

  visible(view) {
    return Array.from(this.tree.within(view));
  }
}
