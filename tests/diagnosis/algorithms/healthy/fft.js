export class FFT {
  constructor(size) {
    if (size & (size - 1)) throw new RangeError("size must be a power of two");
    this.size = size;
    this.cos = new Float64Array(size / 2);
    this.sin = new Float64Array(size / 2);
    for (let i = 0; i < size / 2; i++) {
      this.cos[i] = Math.cos((2 * Math.PI * i) / size);
      this.sin[i] = Math.sin((2 * Math.PI * i) / size);
    }
  }

  reorder(re, im) {
    const n = this.size;
    for (let i = 1, j = 0; i < n; i++) {
      let bit = n >> 1;
      for (; j & bit; bit >>= 1) j ^= bit;
      j ^= bit;
      if (i < j) {
        [re[i], re[j]] = [re[j], re[i]];
        [im[i], im[j]] = [im[j], im[i]];
      }
    }
  }

  forward(re, im) {
    const n = this.size;
    this.reorder(re, im);
    for (let len = 2; len <= n; len <<= 1) {
      const half = len >> 1;
      const step = n / len;
      for (let i = 0; i < n; i += len) {
        for (let j = 0, k = 0; j < half; j++, k += step) { // <- hot 14
          const a = i + j;
          const b = a + half;
          const tr = re[b] * this.cos[k] + im[b] * this.sin[k]; // <- hot 28
          const ti = im[b] * this.cos[k] - re[b] * this.sin[k]; // <- hot 26
          re[b] = re[a] - tr;
          im[b] = im[a] - ti;
          re[a] += tr; // <- hot 8
          im[a] += ti;
        }
      }
    }
  }
}

export function spectrogram(samples, size = 1024, hop = 256) {
  const fft = new FFT(size);
  const frames = [];
  for (let at = 0; at + size <= samples.length; at += hop) {
    const re = Float64Array.from(samples.subarray(at, at + size));
    const im = new Float64Array(size);
    fft.forward(re, im);
    frames.push(Float32Array.from({ length: size / 2 }, (_, i) => Math.hypot(re[i], im[i])));
  }
  return frames;
}
