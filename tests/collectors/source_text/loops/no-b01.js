class OrderService {
  constructor(store) {
    this.store = store;
  }

  weigh(order) {
    let grams = 0;
    for (let i = 0; i < order.lines.length; i++) {
      grams += order.lines[i].qty * (order.lines[i].product?.grams ?? 0); // <- 0
    }
    return grams;
  }

  label(order) {
    return { id: order.id, kg: this.weigh(order) / 1000 }; // <- 1
  }

  async manifest(day) {
    const out = [];
    for await (const order of this.store.ordersOn(day)) {
      out.push(this.label(order)); // <- 2
    }
    return out;
  }
}

module.exports = { OrderService };
