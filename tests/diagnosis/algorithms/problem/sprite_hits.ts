import type { World } from './world';

export interface Sprite {
  id: number;
  x: number;
  y: number;
  w: number;
  h: number;
  mask: number;
  alive: boolean;
}

type HitHandler = (a: Sprite, b: Sprite) => void;

const overlaps = (a: Sprite, b: Sprite): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && // <- hot 40
  a.y < b.y + b.h && b.y < a.y + a.h; // <- hot 12

export class CollisionSystem {
  private sprites: Sprite[] = [];

  constructor(private readonly onHit: HitHandler) {}

  add(sprite: Sprite): void {
    this.sprites.push(sprite);
  }

  private prune(): void {
    this.sprites = this.sprites.filter((s) => s.alive);
  }

  step(): number {
    this.prune();
    let hits = 0;
    this.sprites.forEach((a, i) => {
      for (let j = i + 1; j < this.sprites.length; j++) { // <- cost hot 18
        const b = this.sprites[j];
        if ((a.mask & b.mask) !== 0 && overlaps(a, b)) { // <- cost hot 24
          this.onHit(a, b);
          hits++;
        }
      }
    });
    return hits;
  }
}

export function install(world: World): CollisionSystem {
  const system = new CollisionSystem((a, b) => world.events.push({ kind: 'hit', a: a.id, b: b.id }));
  world.onSpawn((sprite: Sprite) => system.add(sprite));
  world.onTick(() => {
    world.stats.hits += system.step();
  });
  return system;
}
