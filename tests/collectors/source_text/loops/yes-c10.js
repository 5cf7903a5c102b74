function overlaps(a, b) {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h; // <- 0
}

class LabelLayer {
  constructor(map) {
    this.map = map;
    this.placed = [];
  }

  fits(box) {
    for (let i = 0; i < this.placed.length; i++) {
      if (overlaps(this.placed[i], box)) return false; // <- 1
    }
    return true;
  }

  draw(features) {
    this.placed.length = 0;
    features.sort((a, b) => b.rank - a.rank);
    features.forEach((f) => { // <- outer
      const [x, y] = this.map.project(f.lngLat);
      const w = this.map.measure(f.name);
      const box = { x: x - w / 2, y: y - 6, w, h: 12 };
      if (this.fits(box)) { // <- 2
        this.placed.push(box);
        this.map.text(f.name, x, y);
      }
    });
  }
}
