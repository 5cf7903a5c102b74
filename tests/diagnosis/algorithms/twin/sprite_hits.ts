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

const overlapsVertically = (a: Sprite, b: Sprite): boolean =>
  a.y < b.y + b.h && b.y < a.y + a.h; // <- hot 18

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
    this.sprites.sort((a, b) => a.x - b.x); // <- hot 36
    let hits = 0;
    let open: Sprite[] = [];
    for (const b of this.sprites) {
      open = open.filter((a) => a.x + a.w > b.x); // <- hot 16
      for (const a of open) {
        if ((a.mask & b.mask) !== 0 && overlapsVertically(a, b)) { // <- hot 18
          this.onHit(a, b);
          hits++;
        }
      }
      open.push(b);
    }
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
