class Node {
  constructor(event) {
    this.event = event;
    this.next = null;
  }
}

export class Timeline {
  constructor() {
    this.head = null;
    this.tail = null;
    this.size = 0;
  }

  append(event) {
    const node = new Node(event);
    if (this.tail) this.tail.next = node;
    else this.head = node;
    this.tail = node;
    this.size++;
    return this;
  }

  *[Symbol.iterator]() {
    for (let node = this.head; node; node = node.next) yield node.event; // <- hot 43
  }
}

export function gaps(timeline, threshold) {
  const out = [];
  let before = null;
  for (const after of timeline) { // <- hot 19
    if (before && after.at - before.at > threshold) { // <- hot 20
      out.push({ from: before.id, to: after.id, ms: after.at - before.at });
    }
    before = after;
  }
  return out;
}

export function build(events) {
  return events.reduce((t, e) => t.append(e), new Timeline());
}

export function audit(events, threshold = 5 * 60 * 1000) {
  const holes = gaps(build(events), threshold);
  const lost = holes.reduce((sum, h) => sum + h.ms, 0);
  return { holes, lost };
}
