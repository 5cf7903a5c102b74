'use strict';

const crypto = require('crypto');

class SlidingWindow {
  constructor(limit, windowMs) {
    this.limit = limit;
    this.windowMs = windowMs;
    this.hits = [];
  }

  allow(now) {
    while (this.hits.length && this.hits[0] <= now - this.windowMs) {
      this.hits.shift();
    }
    if (this.hits.length >= this.limit) return false;
    this.hits.push(now);
    return true;
  }

  retryAfter(now) {
    return Math.ceil((this.hits[0] + this.windowMs - now) / 1000);
  }
}

function clientKey(req) {
  const forwarded = req.headers['x-forwarded-for'];
  const ip = forwarded ? forwarded.split(',')[0].trim() : req.socket.remoteAddress;
  const agent = req.headers['user-agent'] || '';
  return crypto.createHash('sha1').update(ip + agent).digest('hex'); // <- made 30
}

function rateLimit({ limit = 60, windowMs = 60000, skip = [], onLimit } = {}) {
  const windows = new Map(); // <- cost
  const skipped = new Set(skip);
  let blocked = [];

  const timer = setInterval(() => {
    if (blocked.length && onLimit) {
      const summary = {};
      for (const b of blocked) summary[b.path] = (summary[b.path] || 0) + 1;
      onLimit(summary);
    }
    blocked = [];
  }, 10000);
  timer.unref();

  return function middleware(req, res, next) {
    if (skipped.has(req.path)) return next();
    const key = clientKey(req);
    const now = Date.now();
    let win = windows.get(key);
    if (!win) {
      win = new SlidingWindow(limit, windowMs); // <- made 70
      windows.set(key, win); // <- cost
    }
    if (win.allow(now)) return next();
    blocked.push({ path: req.path, at: now });
    res.setHeader('Retry-After', String(win.retryAfter(now)));
    res.statusCode = 429;
    res.end('Too many requests');
  };
}

module.exports = { rateLimit, SlidingWindow };
