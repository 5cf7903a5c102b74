// expect: pattern=sync-write bench
// Keeps a journal of orders, through fs.promises: libuv's pool writes and syncs, for each order once.
const fsp = require("fs/promises");

class Journal {
  constructor(handle) {
    this.handle = handle;
  }

  async append(order) {
    await this.handle.write(JSON.stringify(order) + "\n");
    await this.handle.datasync(); // <- cost
  }
}

async function main() {
  const journal = new Journal(await fsp.open("orders.log", "w"));
  console.log(`ready ${process.pid}`);
  for (let number = 0; ; number++) {
    await journal.append({ number, at: Date.now(), item: `item ${number % 997}` });
  }
}
main();
