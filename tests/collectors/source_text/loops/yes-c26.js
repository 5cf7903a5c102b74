export default class Arena {
  constructor() {
    this.bullets = [];
    this.enemies = [];
    this.score = 0;
  }

  hit(bullet) {
    for (const enemy of this.enemies) {
      const dx = enemy.x - bullet.x;
      const dy = enemy.y - bullet.y;
      if (dx * dx + dy * dy < enemy.r * enemy.r) { // <- 0
        return enemy;
      }
    }
    return null;
  }

  tick(dt) {
    for (let i = this.bullets.length - 1; i >= 0; i--) { // <- outer
      const b = this.bullets[i];
      b.x += b.vx * dt;
      b.y += b.vy * dt;
      const enemy = this.hit(b); // <- 1
      if (enemy) {
        enemy.hp -= b.damage;
        this.score += 10;
        this.bullets.splice(i, 1);
      }
    }
  }
}
