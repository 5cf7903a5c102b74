'use strict';

function bitReverse(re, im) {
  const n = re.length;
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

function fft(re, im) {
  const n = re.length;
  bitReverse(re, im);
  for (let len = 2; len <= n; len <<= 1) {
    const half = len >> 1;
    const step = (-2 * Math.PI) / len;
    for (let k = 0; k < half; k++) {
      const wr = Math.cos(step * k);
      const wi = Math.sin(step * k);
      for (let a = k; a < n; a += len) {
        const b = a + half;
        const tr = re[b] * wr - im[b] * wi; // <- hot 27
        const ti = re[b] * wi + im[b] * wr; // <- hot 24
        re[b] = re[a] - tr; // <- hot 14
        im[b] = im[a] - ti; // <- hot 12
        re[a] += tr;
        im[a] += ti;
      }
    }
  }
}

function loudestPitch(samples, rate) {
  const re = Float64Array.from(samples);
  const im = new Float64Array(re.length);
  fft(re, im);
  let best = 1;
  let power = 0;
  for (let i = 1; i < re.length / 2; i++) {
    const p = re[i] * re[i] + im[i] * im[i];
    if (p > power) { power = p; best = i; }
  }
  return (best * rate) / re.length;
}

module.exports = { fft, loudestPitch };
