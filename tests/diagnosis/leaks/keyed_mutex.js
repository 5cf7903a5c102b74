'use strict';

const { EventEmitter } = require('events');

class KeyedMutex {
  constructor() {
    this.tails = new Map(); // <- cost
  }

  run(key, task) {
    const previous = this.tails.get(key) || Promise.resolve();
    const next = previous.then(() => task(), () => task()); // <- made 35
    this.tails.set(key, next); // <- cost
    return next;
  }
}

class OrderService extends EventEmitter {
  constructor(db, mailer) {
    super();
    this.db = db;
    this.mailer = mailer;
    this.locks = new KeyedMutex();
    this.inFlight = new Set();
    this.recent = [];
  }

  place(orderId, lines) {
    this.inFlight.add(orderId);
    return this.locks
      .run(orderId, () => this.process(orderId, lines))
      .finally(() => this.inFlight.delete(orderId));
  }

  cancel(orderId, reason) {
    return this.locks.run(orderId, async () => {
      const order = await this.db.load(orderId);
      if (order.state === 'shipped') throw new Error('already shipped');
      await this.db.update(orderId, { state: 'cancelled', reason });
      return { orderId, state: 'cancelled' };
    });
  }

  async process(orderId, lines) {
    const skus = [...new Set(lines.map((l) => l.sku))];
    const prices = new Map();
    for (const row of await this.db.prices(skus)) prices.set(row.sku, row.cents);
    const priced = lines.map((l) => ({ // <- made 65
      sku: l.sku,
      qty: l.qty,
      title: l.title,
      total: prices.get(l.sku) * l.qty,
    }));
    const total = priced.reduce((sum, l) => sum + l.total, 0);
    await this.db.insert(orderId, priced, total);
    this.remember(orderId, total);
    this.emit('placed', orderId);
    await this.mailer.send(orderId, total);
    return { orderId, priced, total };
  }

  remember(orderId, total) {
    this.recent.unshift({ orderId, total });
    this.recent.length = Math.min(this.recent.length, 25);
  }

  stats() {
    return { inFlight: this.inFlight.size, recent: this.recent.slice() };
  }
}

module.exports = { KeyedMutex, OrderService };
