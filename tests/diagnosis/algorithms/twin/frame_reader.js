const net = require('net');
const { Transform } = require('stream');

const NEWLINE = 0x0a;

class FrameReader extends Transform {
  constructor(options) {
    super({ ...options, readableObjectMode: true });
    this.parts = [];
  }

  _transform(chunk, _encoding, done) {
    let start = 0;
    let end = chunk.indexOf(NEWLINE); // <- hot 8
    while (end >= 0) {
      this.parts.push(chunk.subarray(start, end));
      this.push(this._take()); // <- hot 6
      start = end + 1;
      end = chunk.indexOf(NEWLINE, start);
    }
    if (start < chunk.length) this.parts.push(chunk.subarray(start));
    done();
  }

  _take() {
    const body = this.parts.length === 1 ? this.parts[0] : Buffer.concat(this.parts); // <- hot 12
    this.parts = [];
    return JSON.parse(body.toString('utf8')); // <- hot 64
  }

  _flush(done) {
    if (this.parts.length > 0) this.push(this._take());
    done();
  }
}

function listen(port, onSnapshot) {
  const server = net.createServer((socket) => {
    const reader = socket.pipe(new FrameReader());
    reader.on('data', (frame) => onSnapshot(socket.remoteAddress, frame));
    reader.on('error', () => socket.destroy());
    socket.on('error', () => reader.destroy());
  });
  server.listen(port);
  return server;
}

module.exports = { FrameReader, listen };
