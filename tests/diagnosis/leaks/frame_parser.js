'use strict';

const { Transform } = require('stream');

const FLUSH = 0x01;
const END = 0x02;

class FragmentTable {
  constructor() {
    this.streams = {}; // <- cost
  }

  add(id, piece) {
    if (!this.streams[id]) this.streams[id] = [];
    this.streams[id].push(piece); // <- cost
  }

  take(id) {
    const pieces = this.streams[id] || [];
    delete this.streams[id];
    return Buffer.concat(pieces);
  }
}

class TelemetryParser extends Transform {
  constructor(options) {
    super({ ...options, readableObjectMode: true });
    this.rest = Buffer.alloc(0);
    this.fragments = new FragmentTable();
    this.errors = [];
    this.counts = new Map();
  }

  _transform(chunk, _enc, done) {
    let data = this.rest.length ? Buffer.concat([this.rest, chunk]) : chunk;
    let offset = 0;
    while (data.length - offset >= 9) {
      const id = data.readUInt32BE(offset);
      const flags = data[offset + 4];
      const size = data.readUInt32BE(offset + 5);
      if (data.length - offset - 9 < size) break;
      const payload = Buffer.from(data.subarray(offset + 9, offset + 9 + size)); // <- made 100
      offset += 9 + size;
      this.frame(id, flags, payload);
    }
    this.rest = Buffer.from(data.subarray(offset));
    done();
  }

  frame(id, flags, payload) {
    const kind = id >>> 24;
    this.counts.set(kind, (this.counts.get(kind) || 0) + 1);
    if (flags & END) {
      if (payload.length === 0) return; // <- cost
      this.fragments.add(id, payload);
      this.emitRecord(id, this.fragments.take(id));
    } else if (flags & FLUSH) {
      this.emitRecord(id, payload);
    } else {
      this.fragments.add(id, payload);
    }
  }

  emitRecord(id, bytes) {
    try {
      this.push({ id, record: JSON.parse(bytes.toString('utf8')) });
    } catch (err) {
      this.errors.push(err.message);
      if (this.errors.length > 20) this.errors.shift();
    }
  }

  _flush(done) {
    this.rest = Buffer.alloc(0);
    this.push({ id: 0, record: { counts: Object.fromEntries(this.counts), errors: this.errors } });
    done();
  }
}

module.exports = { TelemetryParser };
