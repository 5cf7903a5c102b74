const EDGES = [
  [], [[3, 2]], [[2, 1]], [[3, 1]], [[1, 0]], [[3, 0], [1, 2]], [[2, 0]], [[3, 0]],
  [[0, 3]], [[0, 2]], [[0, 1], [2, 3]], [[0, 1]], [[1, 3]], [[1, 2]], [[2, 3]], [],
];

function lerp(a, b, level) {
  const d = b - a;
  return d === 0 ? 0.5 : (level - a) / d;
}

function edgePoint(edge, x, y, nw, ne, se, sw, level) {
  switch (edge) {
    case 0: return [x + lerp(nw, ne, level), y];
    case 1: return [x + 1, y + lerp(ne, se, level)];
    case 2: return [x + lerp(sw, se, level), y + 1];
    default: return [x, y + lerp(nw, sw, level)];
  }
}

export function contour(grid, width, height, level) {
  const segments = [];
  for (let y = 0; y < height - 1; y++) {
    for (let x = 0; x < width - 1; x++) { // <- hot 9
      const i = y * width + x;
      const nw = grid[i], ne = grid[i + 1]; // <- hot 22
      const sw = grid[i + width], se = grid[i + width + 1]; // <- hot 19
      const code = (nw > level) << 3 | (ne > level) << 2 | (se > level) << 1 | (sw > level); // <- hot 31
      for (const [a, b] of EDGES[code]) {
        segments.push([
          edgePoint(a, x, y, nw, ne, se, sw, level),
          edgePoint(b, x, y, nw, ne, se, sw, level),
        ]);
      }
    }
  }
  return segments;
}

export function isobars(field, { from, to, step }) {
  const layers = [];
  for (let level = from; level <= to; level += step) {
    layers.push({
      level,
      segments: contour(field.values, field.width, field.height, level),
    });
  }
  return layers;
}
