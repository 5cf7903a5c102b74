let uid = 0;

export class Dep {
  static target = null;

  constructor() {
    this.id = uid++;
    this.subs = [];
  }

  addSub(sub) {
    this.subs.push(sub);
  }

  removeSub(sub) {
    const index = this.subs.indexOf(sub); // <- cost hot 83
    if (index > -1) this.subs.splice(index, 1); // <- cost hot 12
  }

  depend() {
    if (Dep.target) Dep.target.addDep(this);
  }

  notify() {
    const subs = this.subs.slice();
    for (const sub of subs) sub.update();
  }
}

export class Watcher {
  constructor(getter, callback, scheduler) {
    this.getter = getter;
    this.callback = callback;
    this.scheduler = scheduler;
    this.deps = new Map();
    this.active = true;
    this.value = this.get();
  }

  get() {
    const outer = Dep.target;
    Dep.target = this;
    try {
      return this.getter();
    } finally {
      Dep.target = outer;
    }
  }

  addDep(dep) {
    if (!this.deps.has(dep.id)) {
      this.deps.set(dep.id, dep);
      dep.addSub(this);
    }
  }

  update() {
    if (this.active) this.scheduler(this);
  }

  run() {
    const before = this.value;
    this.value = this.get();
    if (this.value !== before) this.callback(this.value, before);
  }

  teardown() {
    this.active = false;
    for (const dep of this.deps.values()) dep.removeSub(this);
    this.deps.clear();
  }
}

/** A list of rows, each of which watches the one selected key of a store. */
export function mountRows(store, rows, render, scheduler) {
  const watchers = rows.map(
    (row) => new Watcher(() => store.selected() === row.id, (on) => render(row, on), scheduler),
  );
  return function unmount() {
    for (const watcher of watchers) watcher.teardown();
    watchers.length = 0;
  };
}
