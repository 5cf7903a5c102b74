import sharp from 'sharp';

const KX = [-1, 0, 1, -2, 0, 2, -1, 0, 1];
const KY = [-1, -2, -1, 0, 0, 0, 1, 2, 1];

function toGrey(rgb, width, height) {
  const grey = new Float32Array(width * height);
  for (let i = 0, p = 0; i < grey.length; i++, p += 3) {
    grey[i] = 0.299 * rgb[p] + 0.587 * rgb[p + 1] + 0.114 * rgb[p + 2]; // <- hot 10
  }
  return grey;
}

function sobel(grey, width, height) {
  const out = new Uint8ClampedArray(width * height);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      let gx = 0;
      let gy = 0;
      for (let k = 0; k < 9; k++) {
        const v = grey[(y + ((k / 3) | 0) - 1) * width + x + (k % 3) - 1]; // <- hot 40
        gx += KX[k] * v; // <- hot 16
        gy += KY[k] * v; // <- hot 15
      }
      out[y * width + x] = Math.hypot(gx, gy);
    }
  }
  return out;
}

export function threshold(edges, level) {
  let count = 0;
  for (let i = 0; i < edges.length; i++) {
    edges[i] = edges[i] >= level ? 255 : 0;
    if (edges[i]) count++;
  }
  return count;
}

export async function edgeMap(file, target, level = 96) {
  const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const edges = sobel(toGrey(data, info.width, info.height), info.width, info.height);
  const count = threshold(edges, level);
  await sharp(Buffer.from(edges.buffer), { raw: { width: info.width, height: info.height, channels: 1 } })
    .png()
    .toFile(target);
  return count / edges.length;
}
