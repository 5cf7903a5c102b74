import { EventEmitter } from 'node:events';

const appliers = {
  insert(lines, { at, text }) {
    lines[at] = (lines[at] ?? '') + text;
  },
  replace(lines, { at, text }) {
    lines[at] = text;
  },
  clear(lines, { at }) {
    lines[at] = '';
  },
};

export function applyAll(ops) {
  const lines = [];
  for (const op of ops) { // <- hot 25
    appliers[op.type](lines, op); // <- hot 62
  }
  return lines;
}

export class SharedDocument extends EventEmitter {
  constructor(id) {
    super();
    this.id = id;
    this.ops = [];
    this.clients = new Set();
  }

  join(client) {
    this.clients.add(client);
    client.send({ type: 'snapshot', lines: applyAll(this.ops) });
  }

  receive(client, op) {
    if (!Object.hasOwn(appliers, op.type)) return;
    this.ops.push({ ...op, by: client.id, rev: this.ops.length + 1 });
    const lines = applyAll(this.ops); // <- cost
    this.emit('changed', { rev: this.ops.length, line: lines[op.at] });
    for (const other of this.clients) {
      if (other !== client) other.send({ type: 'op', op });
    }
  }
}

export function replay(document, recording) {
  const robot = { id: 'replay', send() {} };
  document.join(robot);
  for (const op of recording) document.receive(robot, op);
  return document.ops.length;
}
