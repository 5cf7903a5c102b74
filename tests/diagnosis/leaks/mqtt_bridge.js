'use strict';

const net = require('net');
const { EventEmitter } = require('events');

const config = new EventEmitter();
config.setMaxListeners(0);

class Uplink {
  constructor(host, port, log) {
    this.host = host;
    this.port = port;
    this.log = log;
    this.outbox = [];
    this.attempt = 0;
    this.socket = null;
  }

  connect() {
    const socket = net.connect(this.port, this.host);
    const scratch = Buffer.alloc(64 * 1024); // <- made 90
    let used = 0;
    this.socket = socket;

    const onConfig = (settings) => { // <- made 10
      socket.setKeepAlive(settings.keepAlive);
      this.log(`applied config, ${used} of ${scratch.length} bytes buffered`);
    };
    config.on('change', onConfig); // <- cost

    socket.on('connect', () => {
      this.attempt = 0;
      const pending = this.outbox;
      this.outbox = [];
      for (const frame of pending) socket.write(frame);
    });

    socket.on('data', (chunk) => {
      chunk.copy(scratch, used);
      used += chunk.length;
      let start = 0;
      while (used - start >= 2) {
        const size = scratch.readUInt16BE(start);
        if (used - start < size + 2) break;
        this.onFrame(scratch.subarray(start + 2, start + 2 + size));
        start += size + 2;
      }
      scratch.copy(scratch, 0, start, used);
      used -= start;
    });

    socket.on('error', (err) => this.log(`uplink: ${err.message}`));
    socket.on('close', () => { // <- cost
      socket.removeAllListeners();
      this.attempt += 1;
      setTimeout(() => this.connect(), Math.min(30000, 500 * 2 ** this.attempt));
    });
  }

  onFrame(frame) {
    const topicLength = frame[0];
    const topic = frame.toString('utf8', 1, 1 + topicLength);
    this.log(`recv ${topic}`);
  }

  publish(topic, payload) {
    const head = Buffer.from([topic.length]);
    const frame = Buffer.concat([head, Buffer.from(topic), payload]);
    if (this.socket && !this.socket.connecting && !this.socket.destroyed) {
      this.socket.write(frame);
      return;
    }
    this.outbox.push(frame);
    if (this.outbox.length > 500) this.outbox.shift();
  }
}

module.exports = { Uplink, config };
