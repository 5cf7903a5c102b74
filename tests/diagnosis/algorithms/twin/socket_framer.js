"use strict";

const net = require("net");
const { EventEmitter } = require("events");

const MAX_MESSAGE = 64 * 1024 * 1024;

class Framer extends EventEmitter {
  constructor(socket) {
    super();
    this.parts = [];
    this.have = 0;
    this.want = 4;
    socket.on("data", (chunk) => this.push(chunk));
    socket.on("close", () => this.emit("end"));
  }

  push(chunk) {
    this.parts.push(chunk);
    this.have += chunk.length;
    if (this.have < this.want) return;
    let data = this.parts.length > 1 ? Buffer.concat(this.parts) : chunk; // <- hot 41
    this.want = 4;
    while (data.length >= 4) {
      const size = data.readUInt32BE(0);
      if (size > MAX_MESSAGE) {
        this.emit("error", new RangeError(`message of ${size} bytes`));
        return;
      }
      this.want = 4 + size;
      if (data.length < this.want) break;
      this.emit("message", data.subarray(4, this.want)); // <- hot 35
      data = data.subarray(this.want);
      this.want = 4;
    }
    this.parts = data.length ? [data] : [];
    this.have = data.length;
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
