const net = require('net');
const { Transform } = require('stream');

const NEWLINE = 0x0a;

class FrameReader extends Transform {
  constructor(options) {
    super({ ...options, readableObjectMode: true });
    this.pending = Buffer.alloc(0);
  }

  _transform(chunk, _encoding, done) {
    this.pending = Buffer.concat([this.pending, chunk]); // <- cost hot 66
    let end = this.pending.indexOf(NEWLINE); // <- cost hot 28
    while (end >= 0) {
      this.push(JSON.parse(this.pending.toString('utf8', 0, end)));
      this.pending = this.pending.subarray(end + 1);
      end = this.pending.indexOf(NEWLINE);
    }
    done();
  }

  _flush(done) {
    if (this.pending.length > 0) this.push(JSON.parse(this.pending.toString('utf8')));
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
