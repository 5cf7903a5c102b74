class Node {
  constructor(value) {
    this.value = value;
    this.next = null;
  }
}

export class Chain {
  #head = null;
  #tail = null;
  #length = 0;

  get length() {
    return this.#length;
  }

  append(value) {
    const node = new Node(value);
    if (this.#tail) this.#tail.next = node;
    else this.#head = node;
    this.#tail = node;
    this.#length++;
    return this;
  }

  at(index) {
    let node = this.#head;
    for (let i = 0; i < index && node; i++) node = node.next; // <- cost hot 92
    return node?.value;
  }
}

const pad = (n) => String(n).padStart(2, '0');

function clock(seconds) {
  return `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
}

export function broadcastLog(chain) {
  const rows = [];
  let offset = 0;
  for (let i = 0; i < chain.length; i++) { // <- cost
    const item = chain.at(i); // <- cost hot 2
    rows.push(`${clock(offset)} ${item.artist} - ${item.title}`);
    offset += item.seconds;
  }
  return rows.join('\n');
}

export function scheduleDay(sources, seconds = 86_400) {
  const chain = new Chain();
  let filled = 0;
  for (const item of sources) {
    if (filled >= seconds) break;
    chain.append(item);
    filled += item.seconds;
  }
  return chain;
}
