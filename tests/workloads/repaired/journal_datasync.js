// The journal of journal_datasync.js: orders that come while one sync lasts share the next. bench
const fsp = require("fs/promises");

class Journal {
  constructor(handle) {
    this.handle = handle;
    this.waiting = [];
    this.busy = false;
  }

  append(order) {
    const kept = new Promise((resolve) => this.waiting.push([order, resolve]));
    if (!this.busy) this.keep();
    return kept;
  }

  async keep() {
    this.busy = true;
    while (this.waiting.length) {
      const batch = this.waiting.splice(0);
      for (const [order] of batch) await this.handle.write(JSON.stringify(order) + "\n");
      await this.handle.datasync();
      for (const [, done] of batch) done();
    }
    this.busy = false;
  }
}

async function customer(journal, name) {
  for (let number = 0; ; number++) {
    await journal.append({ name, number, at: Date.now(), item: `item ${number % 997} ${"x".repeat(400)}` });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function main() {
  const journal = new Journal(await fsp.open("orders.log", "w"));
  console.log(`ready ${process.pid}`);
  for (let i = 0; i < 200; i++) customer(journal, `customer ${i}`);
}
main();
