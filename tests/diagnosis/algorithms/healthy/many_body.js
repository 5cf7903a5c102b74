import { quadtree } from './quadtree.js';

const initialRadius = 10;
const initialAngle = Math.PI * (3 - Math.sqrt(5));

export function place(nodes) {
  nodes.forEach((node, i) => {
    node.index = i;
    if (Number.isNaN(node.x) || node.x === undefined) {
      const radius = initialRadius * Math.sqrt(0.5 + i);
      node.x = radius * Math.cos(i * initialAngle);
      node.y = radius * Math.sin(i * initialAngle);
    }
    node.vx ??= 0;
    node.vy ??= 0;
  });
}

/** Repulsion of all nodes by each other; far groups count as one body. */
export default function manyBody() {
  let nodes = [];
  let node;
  let alpha;
  let strengths = [];
  let distanceMin2 = 1;
  let theta2 = 0.81;

  function force(a) {
    const tree = quadtree(nodes, (d) => d.x, (d) => d.y).visitAfter(accumulate);
    alpha = a;
    for (node of nodes) tree.visit(apply); // <- hot 14
  }

  function accumulate(quad) {
    let strength = 0;
    let weight = 0;
    let x = 0;
    let y = 0;
    if (quad.length) {
      for (let i = 0; i < 4; ++i) {
        const q = quad[i];
        const c = q ? Math.abs(q.value) : 0;
        if (c) {
          strength += q.value;
          weight += c;
          x += c * q.x;
          y += c * q.y;
        }
      }
      quad.x = x / weight;
      quad.y = y / weight;
    } else {
      let q = quad;
      quad.x = quad.data.x;
      quad.y = quad.data.y;
      do strength += strengths[q.data.index]; while ((q = q.next));
    }
    quad.value = strength;
  }

  function apply(quad, x1, _, x2) {
    if (!quad.value) return true;
    const x = quad.x - node.x; // <- hot 17
    const y = quad.y - node.y;
    const w = x2 - x1;
    let l = x * x + y * y;
    const far = (w * w) / theta2 < l; // <- hot 24
    if (!far && quad.length) return false;
    if (l < distanceMin2) l = Math.sqrt(distanceMin2 * l) || 1e-6;
    if (far || quad.data !== node) {
      node.vx += (x * quad.value * alpha) / l; // <- hot 26
      node.vy += (y * quad.value * alpha) / l;
    }
    return far;
  }

  force.initialize = (list, strength = () => -30) => {
    nodes = list;
    place(nodes);
    strengths = nodes.map(strength);
  };
  force.theta = (value) => ((theta2 = value * value), force);
  return force;
}
