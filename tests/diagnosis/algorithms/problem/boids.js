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
  }

  neighbours(boid) {
    return this.boids.filter((o) => o !== boid && this.near(boid, o)); // <- cost hot 38
  }

  near(a, b) {
    const dx = a.x - b.x;
    const dy = a.y - b.y;
    return dx * dx + dy * dy < VIEW_SQ; // <- hot 49
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
    for (const boid of this.boids) this.steer(boid, this.neighbours(boid)); // <- cost
    for (const boid of this.boids) {
      boid.x = (boid.x + boid.vx + this.width) % this.width;
      boid.y = (boid.y + boid.vy + this.height) % this.height;
    }
  }
}
