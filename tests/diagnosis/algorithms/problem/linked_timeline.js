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

  at(index) {
    let node = this.head;
    while (index-- > 0) node = node.next; // <- cost hot 90
    return node.event;
  }
}

export function gaps(timeline, threshold) {
  const out = [];
  for (let i = 1; i < timeline.size; i++) { // <- cost
    const before = timeline.at(i - 1); // <- cost
    const after = timeline.at(i); // <- cost
    if (after.at - before.at > threshold) {
      out.push({ from: before.id, to: after.id, ms: after.at - before.at });
    }
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
