'use strict';

/** Broad phase of a physics engine: bodies kept in order along one axis. */
class SweepBroadphase {
  constructor(axis = 0) {
    this.axis = axis;
    this.bodies = [];
  }

  add(body) {
    this.bodies.push(body);
  }

  remove(body) {
    const i = this.bodies.indexOf(body);
    if (i >= 0) this.bodies.splice(i, 1);
  }

  // Nearly in order from the step before, so few swaps are needed.
  restoreOrder() {
    const { bodies, axis } = this;
    for (let i = 1; i < bodies.length; i++) {
      const body = bodies[i];
      const low = body.aabb.lower[axis];
      let j = i - 1;
      while (j >= 0 && bodies[j].aabb.lower[axis] > low) { // <- hot 16
        bodies[j + 1] = bodies[j];
        j--;
      }
      bodies[j + 1] = body;
    }
  }

  pairs(out = []) {
    this.restoreOrder();
    const { bodies, axis } = this;
    const other = 1 - axis;
    for (let i = 0; i < bodies.length; i++) {
      const a = bodies[i];
      const reach = a.aabb.upper[axis];
      for (let j = i + 1; j < bodies.length; j++) {
        const b = bodies[j];
        if (b.aabb.lower[axis] > reach) break; // <- hot 24
        if (a.aabb.lower[other] > b.aabb.upper[other]) continue; // <- hot 21
        if (b.aabb.lower[other] > a.aabb.upper[other]) continue; // <- hot 13
        if (canCollide(a, b)) out.push(a, b);
      }
    }
    return out;
  }
}

function canCollide(a, b) {
  if (a.static && b.static) return false;
  if (a.sleeping && b.sleeping) return false;
  return (a.group & b.mask) !== 0 && (b.group & a.mask) !== 0;
}

function integrate(bodies, dt, gravity) {
  for (const body of bodies) {
    if (body.static || body.sleeping) continue;
    body.velocity[1] += gravity * dt;
    for (let k = 0; k < 2; k++) {
      const step = body.velocity[k] * dt;
      body.position[k] += step;
      body.aabb.lower[k] += step;
      body.aabb.upper[k] += step;
    }
  }
}

function stepWorld(world, dt) {
  integrate(world.bodies, dt, world.gravity);
  world.scratch.length = 0;
  const pairs = world.broadphase.pairs(world.scratch);
  for (let i = 0; i < pairs.length; i += 2) {
    world.narrowphase(pairs[i], pairs[i + 1]);
  }
}

module.exports = { SweepBroadphase, stepWorld };
