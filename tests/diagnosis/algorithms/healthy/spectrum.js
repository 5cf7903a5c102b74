'use strict';

class FFT {
  constructor(size) {
    if (size & (size - 1)) throw new RangeError('size must be a power of two');
    this.size = size;
    this.cos = new Float64Array(size / 2);
    this.sin = new Float64Array(size / 2);
    for (let i = 0; i < size / 2; i++) {
      this.cos[i] = Math.cos((2 * Math.PI * i) / size);
      this.sin[i] = Math.sin((2 * Math.PI * i) / size);
    }
  }

  permute(re, im) {
    for (let i = 1, j = 0; i < this.size; i++) {
      let bit = this.size >> 1;
      for (; j & bit; bit >>= 1) j ^= bit;
      j ^= bit;
      if (i < j) {
        [re[i], re[j]] = [re[j], re[i]]; // <- hot 8
        [im[i], im[j]] = [im[j], im[i]];
      }
    }
  }

  transform(re, im) {
    this.permute(re, im);
    for (let half = 1; half < this.size; half <<= 1) {
      const stride = this.size / (half << 1);
      for (let base = 0; base < this.size; base += half << 1) {
        for (let k = 0; k < half; k++) {
          const c = this.cos[k * stride];
          const s = this.sin[k * stride];
          const a = base + k;
          const b = a + half;
          const tr = re[b] * c + im[b] * s; // <- hot 28
          const ti = im[b] * c - re[b] * s; // <- hot 26
          re[b] = re[a] - tr; // <- hot 12
          im[b] = im[a] - ti;
          re[a] += tr;
          im[a] += ti;
        }
      }
    }
  }
}

function* spectrogram(samples, size = 2048, hop = 512) {
  const fft = new FFT(size);
  const window = Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size));
  for (let at = 0; at + size <= samples.length; at += hop) {
    const re = window.map((w, i) => w * samples[at + i]);
    const im = new Float64Array(size);
    fft.transform(re, im);
    yield re.subarray(0, size / 2).map((v, i) => Math.hypot(v, im[i]));
  }
}

module.exports = { FFT, spectrogram };
