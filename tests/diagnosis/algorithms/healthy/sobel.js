const GX = [-1, 0, 1, -2, 0, 2, -1, 0, 1];
const GY = [-1, -2, -1, 0, 0, 0, 1, 2, 1];

export function toGray({ data, width, height }) {
  const gray = new Float32Array(width * height);
  for (let i = 0, p = 0; i < gray.length; i++, p += 4) {
    gray[i] = 0.299 * data[p] + 0.587 * data[p + 1] + 0.114 * data[p + 2];
  }
  return gray;
}

function gradientAt(gray, width, x, y) {
  let gx = 0;
  let gy = 0;
  for (let ky = 0; ky < 3; ky++) {
    for (let kx = 0; kx < 3; kx++) { // <- hot 15
      const v = gray[(y + ky - 1) * width + (x + kx - 1)]; // <- hot 26
      gx += v * GX[ky * 3 + kx]; // <- hot 18
      gy += v * GY[ky * 3 + kx]; // <- hot 18
    }
  }
  return Math.sqrt(gx * gx + gy * gy);
}

export function edges(image) {
  const { width, height } = image;
  const gray = toGray(image);
  const out = new Float32Array(width * height);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      out[y * width + x] = gradientAt(gray, width, x, y);
    }
  }
  return out;
}

export function cropBox(image, threshold = 90) {
  const strength = edges(image);
  const box = { left: image.width, top: image.height, right: 0, bottom: 0 };
  strength.forEach((s, i) => {
    if (s < threshold) return;
    const x = i % image.width;
    const y = (i / image.width) | 0;
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x);
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y);
  });
  return box;
}
