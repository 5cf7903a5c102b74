'use strict';

const { randomUUID } = require('node:crypto');

const Type = { BROADCAST: 1, ACK: 2, FETCH: 3, FETCH_REPLY: 4, HEARTBEAT: 5 };

class ClusterAdapter {
  constructor(namespace, transport, { heartbeat = 5000, timeout = 10000 } = {}) {
    this.namespace = namespace;
    this.transport = transport;
    this.uid = randomUUID();
    this.timeout = timeout;
    this.nodes = new Map();
    this.requests = new Map();
    this.ackRequests = new Map(); // <- cost
    this.timer = setInterval(() => this.beat(heartbeat), heartbeat);
    transport.onMessage((text) => this.receive(JSON.parse(text)));
  }

  beat(interval) {
    this.publish({ type: Type.HEARTBEAT });
    const limit = Date.now() - 3 * interval;
    for (const [uid, seen] of this.nodes) {
      if (seen < limit) this.nodes.delete(uid);
    }
  }

  publish(message) {
    message.uid = this.uid;
    message.nsp = this.namespace.name;
    this.transport.send(JSON.stringify(message));
  }

  broadcast(packet, rooms) {
    const sent = new Set();
    for (const room of rooms) {
      for (const socket of this.namespace.in(room)) {
        if (sent.has(socket.id)) continue;
        sent.add(socket.id);
        socket.emit(packet.event, ...packet.args);
      }
    }
  }

  broadcastWithAck(packet, rooms, onCount, onAck) {
    const requestId = randomUUID();
    const pending = new Set(this.nodes.keys()); // <- made 55
    const responses = []; // <- made 10

    const ack = (payload) => {
      responses.push(payload);
      onAck(payload);
    };

    this.ackRequests.set(requestId, { pending, responses, ack, packet }); // <- made 35 <- cost
    this.publish({ type: Type.BROADCAST, requestId, packet, rooms: [...rooms] });

    const timer = setTimeout(() => onCount(responses.length), this.timeout); // <- cost
    timer.unref();
  }

  fetchSockets() {
    const requestId = randomUUID();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.requests.delete(requestId);
        reject(new Error('timeout reached while waiting for sockets'));
      }, this.timeout);
      this.requests.set(requestId, { resolve, timer, missing: this.nodes.size, found: [] });
      this.publish({ type: Type.FETCH, requestId });
    });
  }

  receive(message) {
    if (message.uid === this.uid || message.nsp !== this.namespace.name) return;
    this.nodes.set(message.uid, Date.now());
    switch (message.type) {
      case Type.BROADCAST:
        this.broadcast(message.packet, message.rooms);
        break;
      case Type.ACK: {
        const request = this.ackRequests.get(message.requestId);
        if (request) request.ack(message.payload);
        break;
      }
      case Type.FETCH_REPLY: {
        const request = this.requests.get(message.requestId);
        if (!request) return;
        request.found.push(...message.sockets);
        if (--request.missing <= 0) {
          clearTimeout(request.timer);
          this.requests.delete(message.requestId);
          request.resolve(request.found);
        }
        break;
      }
    }
  }

  close() {
    clearInterval(this.timer);
    this.nodes.clear();
  }
}

module.exports = { ClusterAdapter };
