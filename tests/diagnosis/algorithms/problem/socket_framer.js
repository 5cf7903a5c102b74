"use strict";

const net = require("net");
const { EventEmitter } = require("events");

const MAX_MESSAGE = 64 * 1024 * 1024;

class Framer extends EventEmitter {
  constructor(socket) {
    super();
    this.pending = Buffer.alloc(0);
    socket.on("data", (chunk) => this.push(chunk));
    socket.on("close", () => this.emit("end"));
  }

  push(chunk) {
    this.pending = Buffer.concat([this.pending, chunk]); // <- cost hot 87
    while (this.pending.length >= 4) {
      const size = this.pending.readUInt32BE(0);
      if (size > MAX_MESSAGE) {
        this.emit("error", new RangeError(`message of ${size} bytes`));
        return;
      }
      if (this.pending.length < 4 + size) return;
      this.emit("message", this.pending.subarray(4, 4 + size)); // <- hot 6
      this.pending = this.pending.subarray(4 + size);
    }
  }
}

function serve(port, handler) {
  return net
    .createServer((socket) => {
      const framer = new Framer(socket);
      framer.on("message", (body) => handler(JSON.parse(body.toString()), socket));
      framer.on("error", () => socket.destroy());
    })
    .listen(port);
}

module.exports = { Framer, serve };
