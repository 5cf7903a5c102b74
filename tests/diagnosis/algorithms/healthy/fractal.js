const LOG2 = Math.log(2);

function buildPalette(size) {
  const palette = new Uint32Array(size);
  for (let i = 0; i < size; i++) {
    const t = i / size;
    const r = Math.round(255 * (0.5 + 0.5 * Math.sin(6.28 * t)));
    const g = Math.round(255 * (0.5 + 0.5 * Math.sin(6.28 * t + 2.1)));
    const b = Math.round(255 * (0.5 + 0.5 * Math.sin(6.28 * t + 4.2)));
    palette[i] = (255 << 24) | (b << 16) | (g << 8) | r;
  }
  return palette;
}

const PALETTE = buildPalette(1024);

function escapeTime(cx, cy, limit) {
  let x = 0, y = 0, x2 = 0, y2 = 0;
  let n = 0;
  while (x2 + y2 < 256 && n < limit) { // <- hot 31
    y = 2 * x * y + cy; // <- hot 25
    x = x2 - y2 + cx; // <- hot 12
    x2 = x * x; // <- hot 20
    y2 = y * y;
    n++;
  }
  if (n === limit) return -1;
  return n + 1 - Math.log(Math.log(x2 + y2) / 2) / LOG2;
}

export function renderTile({ width, height, left, top, scale, limit }) {
  const pixels = new Uint32Array(width * height);
  for (let py = 0; py < height; py++) {
    for (let px = 0; px < width; px++) {
      const mu = escapeTime(left + px * scale, top + py * scale, limit);
      pixels[py * width + px] =
        mu < 0 ? 0xff000000 : PALETTE[Math.floor(mu * 16) % PALETTE.length];
    }
  }
  return pixels;
}

if (typeof self !== "undefined") {
  self.onmessage = ({ data }) => {
    const pixels = renderTile(data);
    self.postMessage({ id: data.id, pixels }, [pixels.buffer]);
  };
}
