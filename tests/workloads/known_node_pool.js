// Known counts, in primes: file operations that libuv's pool does for this thread, each from the line that says it.
const fs = require("fs");
const fsp = require("fs/promises");
const path = require("path");
const at = (name) => path.join(process.cwd(), name);
const names = { journal: at("journal.log"), notes: at("notes.txt"), list: at("list.txt"), state: at("state.json") };
for (const name of Object.values(names)) fs.writeFileSync(name, "x".repeat(997));

class Journal {
  async open() {
    this.handle = await fsp.open(names.journal, "a");
  }

  async append(entry) {
    await this.handle.write(entry); // pool: write
    await this.handle.datasync(); // pool: fdatasync
  }
}

async function look() {
  await fsp.stat(names.list); // pool: statx
}

async function reload() {
  return (await fsp.readFile(names.notes)).length; // pool: open read close
}

async function note(text) {
  await fsp.appendFile(names.notes + ".more", text); // pool: append
}

async function save(state) {
  await fsp.writeFile(names.state, state); // pool: save
}

function flush(handle) {
  return new Promise((resolve, reject) => {
    fs.fsync(handle, (error) => (error ? reject(error) : resolve())); // pool: fsync
  });
}

function often(file) {
  return new Promise((resolve) => fs.access(file, resolve)); // pool: access often
}

function seldom(file) {
  return new Promise((resolve) => fs.access(file, resolve)); // pool: access seldom
}

const journal = new Journal();
async function work() {
  const descriptor = fs.openSync(names.state, "r+");
  for (let i = 0; i < 401; i++) {
    await journal.append(`entry ${i}\n`);
    await flush(descriptor);
  }
  for (let i = 0; i < 2003; i++) {
    await look();
    await reload();
    if (i % 2 === 0) await note("more\n");
    if (i % 2 === 1) await save("{}");
  }
  fs.closeSync(descriptor);
  for (let i = 0; i < 4003; i++) await (i % 3 === 0 ? seldom(names.list) : often(names.list));
  process.stdout.write(JSON.stringify({ names, syncs: 401, times: 2003, accesses: 4003 }) + "\n");
}

process.stdin.setEncoding("utf8");
process.stdin.on("data", (text) => {
  for (const word of text.split("\n")) {
    if (word === "go") work();
    if (word === "stop") process.exit(0);
  }
});
journal.open().then(() => process.stdout.write(`ready ${process.pid}\n`));
