export type Side = 'buy' | 'sell';

export interface Order {
  id: string;
  side: Side;
  price: number;
  remaining: number;
  owner: string;
  fills: Fill[];
}

export interface Fill { price: number; qty: number; counter: string }

class Level {
  orders: Order[] = [];
  constructor(readonly price: number) {}
  get volume(): number {
    return this.orders.reduce((s, o) => s + o.remaining, 0);
  }
}

export class OrderBook {
  private bids: Level[] = [];
  private asks: Level[] = [];
  private byId = new Map<string, Order>(); // <- cost
  private lastTrades: Fill[] = [];

  submit(raw: string): Fill[] {
    const order = this.decode(raw);
    this.byId.set(order.id, order); // <- cost
    const fills = this.match(order);
    if (order.remaining > 0) this.rest(order);
    return fills;
  }

  cancel(id: string): boolean {
    const order = this.byId.get(id);
    if (!order) return false;
    const levels = order.side === 'buy' ? this.bids : this.asks;
    const level = levels.find((l) => l.price === order.price);
    if (level) level.orders = level.orders.filter((o) => o.id !== id);
    this.byId.delete(id);
    return true;
  }

  private decode(raw: string): Order {
    const [id, side, price, qty, owner] = raw.split('|');
    return { id, side: side as Side, price: Number(price), remaining: Number(qty), owner, fills: [] }; // <- made 55
  }

  private match(taker: Order): Fill[] {
    const levels = taker.side === 'buy' ? this.asks : this.bids;
    const out: Fill[] = [];
    while (taker.remaining > 0 && levels.length) {
      const best = levels[0];
      const crosses = taker.side === 'buy' ? best.price <= taker.price : best.price >= taker.price;
      if (!crosses) break;
      const maker = best.orders[0];
      const qty = Math.min(maker.remaining, taker.remaining);
      maker.remaining -= qty;
      taker.remaining -= qty;
      const fill: Fill = { price: best.price, qty, counter: maker.id }; // <- made 25
      taker.fills.push(fill);
      maker.fills.push({ price: best.price, qty, counter: taker.id }); // <- made 20
      out.push(fill);
      this.lastTrades.push(fill);
      if (this.lastTrades.length > 100) this.lastTrades.shift();
      if (maker.remaining === 0) best.orders.shift(); // <- cost
      if (best.orders.length === 0) levels.shift();
    }
    return out;
  }

  private rest(order: Order): void {
    const levels = order.side === 'buy' ? this.bids : this.asks;
    let level = levels.find((l) => l.price === order.price);
    if (!level) {
      level = new Level(order.price);
      levels.push(level);
      levels.sort((a, b) => (order.side === 'buy' ? b.price - a.price : a.price - b.price));
    }
    level.orders.push(order);
  }

  depth(n = 5): { bids: number[]; asks: number[] } {
    return { bids: this.bids.slice(0, n).map((l) => l.volume), asks: this.asks.slice(0, n).map((l) => l.volume) };
  }
}
