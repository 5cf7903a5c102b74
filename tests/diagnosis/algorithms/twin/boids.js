const VIEW = 40;
const VIEW_SQ = VIEW * VIEW;

class Boid {
  constructor(w, h) {
    this.x = Math.random() * w;
    this.y = Math.random() * h;
    this.vx = Math.random() * 2 - 1;
    this.vy = Math.random() * 2 - 1;
  }
}

export class Flock {
  constructor(count, width, height) {
    this.width = width;
    this.height = height;
    this.boids = Array.from({ length: count }, () => new Boid(width, height));
    this.cols = Math.ceil(width / VIEW);
    this.rows = Math.ceil(height / VIEW);
  }

  index() {
    this.cells = Array.from({ length: this.cols * this.rows }, () => []);
    for (const b of this.boids) {
      const c = Math.floor(b.x / VIEW) + Math.floor(b.y / VIEW) * this.cols;
      this.cells[c].push(b); // <- hot 12
    }
  }

  neighbours(boid) {
    const found = [];
    const cx = Math.floor(boid.x / VIEW);
    const cy = Math.floor(boid.y / VIEW);
    for (let y = Math.max(0, cy - 1); y <= Math.min(this.rows - 1, cy + 1); y++) {
      for (let x = Math.max(0, cx - 1); x <= Math.min(this.cols - 1, cx + 1); x++) {
        for (const o of this.cells[x + y * this.cols]) { // <- hot 27
          const dx = boid.x - o.x;
          const dy = boid.y - o.y;
          if (o !== boid && dx * dx + dy * dy < VIEW_SQ) found.push(o); // <- hot 36
        }
      }
    }
    return found;
  }

  steer(boid, near) {
    if (near.length === 0) return;
    let ax = 0, ay = 0;
    for (const o of near) {
      ax += (o.vx - boid.vx) * 0.05 + (o.x - boid.x) * 0.001;
      ay += (o.vy - boid.vy) * 0.05 + (o.y - boid.y) * 0.001;
    }
    boid.vx += ax / near.length;
    boid.vy += ay / near.length;
  }

  tick() {
    this.index();
    for (const boid of this.boids) this.steer(boid, this.neighbours(boid));
    for (const boid of this.boids) {
      boid.x = (boid.x + boid.vx + this.width) % this.width;
      boid.y = (boid.y + boid.vy + this.height) % this.height;
    }
  }
}
