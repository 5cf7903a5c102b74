const fs = require('fs');
const path = require('path');

class Writer {
  constructor(capacity = 1 << 16) {
    this.buffer = Buffer.allocUnsafe(capacity);
    this.length = 0;
  }

  reserve(n) {
    if (this.length + n <= this.buffer.length) return;
    const bigger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + n));
    this.buffer.copy(bigger, 0, 0, this.length); // <- hot 6
    this.buffer = bigger;
  }

  varint(value) {
    this.reserve(5);
    while (value > 0x7f) { // <- hot 22
      this.buffer[this.length++] = (value & 0x7f) | 0x80; // <- hot 30
      value >>>= 7;
    }
    this.buffer[this.length++] = value; // <- hot 18
  }

  bytes() {
    return this.buffer.subarray(0, this.length);
  }
}

const zigzag = (n) => ((n << 1) ^ (n >> 31)) >>> 0;
const unzigzag = (n) => (n >>> 1) ^ -(n & 1);

function encodeSeries(values) {
  const out = new Writer();
  out.varint(values.length);
  let previous = 0;
  for (const value of values) {
    out.varint(zigzag(value - previous));
    previous = value;
  }
  return out.bytes();
}

function decodeSeries(buffer) {
  let at = 0;
  const next = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = buffer[at++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  };
  const values = new Int32Array(next());
  let previous = 0;
  for (let i = 0; i < values.length; i++) values[i] = previous += unzigzag(next());
  return values;
}

function archive(folder, series) {
  for (const [name, values] of Object.entries(series)) {
    fs.writeFileSync(path.join(folder, `${name}.zz`), encodeSeries(values));
  }
}

module.exports = { encodeSeries, decodeSeries, archive };
