const { EventEmitter } = require('events');
const crypto = require('crypto');

class SessionRegistry extends EventEmitter {
  constructor({ ttl = 900_000 } = {}) {
    super();
    this.ttl = ttl;
    this.sessions = new Map();
  }

  open(userId, now = Date.now()) {
    const session = { id: crypto.randomUUID(), userId, lastSeen: now };
    this.sessions.set(session.id, session);
    this.emit('open', session);
    return session.id;
  }

  touch(id, now = Date.now()) {
    const session = this.sessions.get(id); // <- hot 22
    if (!session) return false;
    this.sessions.delete(id); // <- hot 20
    session.lastSeen = now;
    this.sessions.set(id, session); // <- hot 28
    return true;
  }

  expire(now = Date.now()) {
    let n = 0;
    for (const session of this.sessions.values()) {
      if (now - session.lastSeen <= this.ttl) break;
      this.sessions.delete(session.id);
      this.emit('expired', session);
      n++;
    }
    return n;
  }

  get size() {
    return this.sessions.size;
  }
}

function sessionMiddleware(registry) {
  return (req, res, next) => {
    const id = req.headers['x-session'];
    if (!id || !registry.touch(id)) {
      res.statusCode = 401;
      res.end('session expired');
      return;
    }
    req.sessionId = id;
    next();
  };
}

module.exports = { SessionRegistry, sessionMiddleware };
