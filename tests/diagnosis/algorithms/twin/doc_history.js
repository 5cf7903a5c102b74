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

export function applyOne(lines, op) {
  appliers[op.type](lines, op); // <- hot 35
  return lines;
}

export class SharedDocument extends EventEmitter {
  constructor(id) {
    super();
    this.id = id;
    this.ops = [];
    this.lines = [];
    this.clients = new Set();
  }

  join(client) {
    this.clients.add(client);
    client.send({ type: 'snapshot', lines: this.lines });
  }

  receive(client, op) {
    if (!Object.hasOwn(appliers, op.type)) return;
    this.ops.push({ ...op, by: client.id, rev: this.ops.length + 1 });
    applyOne(this.lines, op);
    this.emit('changed', { rev: this.ops.length, line: this.lines[op.at] }); // <- hot 18
    for (const other of this.clients) {
      if (other !== client) other.send({ type: 'op', op }); // <- hot 25
    }
  }
}

export function replay(document, recording) {
  const robot = { id: 'replay', send() {} };
  document.join(robot);
  for (const op of recording) document.receive(robot, op);
  return document.ops.length;
}
