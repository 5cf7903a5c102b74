const { EventEmitter } = require('events');
const crypto = require('crypto');

class SessionRegistry extends EventEmitter {
  constructor({ ttl = 900_000 } = {}) {
    super();
    this.ttl = ttl;
    this.sessions = [];
  }

  open(userId, now = Date.now()) {
    const session = { id: crypto.randomUUID(), userId, lastSeen: now };
    this.sessions.push(session);
    this.emit('open', session);
    return session.id;
  }

  touch(id, now = Date.now()) {
    const at = this.sessions.findIndex((s) => s.id === id); // <- cost hot 85
    if (at < 0) return false;
    const [session] = this.sessions.splice(at, 1); // <- cost hot 10
    session.lastSeen = now;
    this.sessions.push(session);
    return true;
  }

  expire(now = Date.now()) {
    let n = 0;
    while (n < this.sessions.length && now - this.sessions[n].lastSeen > this.ttl) n++;
    for (const session of this.sessions.splice(0, n)) this.emit('expired', session);
    return n;
  }

  get size() {
    return this.sessions.length;
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
