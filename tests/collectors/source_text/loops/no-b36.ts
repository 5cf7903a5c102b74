export class Bus<E extends string> {
  private subs = new Map<E, Array<(x: unknown) => void | Promise<void>>>();

  on(e: E, fn: (x: unknown) => void) {
    const list = this.subs.get(e) ?? [];
    list.push(fn);
    this.subs.set(e, list);
  }

  private async emit(e: E, x: unknown): Promise<number> {
    let n = 0;
    for (const fn of this.subs.get(e) ?? []) {
      await fn(x); // <- 0
      n++;
    }
    return n;
  }

  async drain(queue: { e: E; x: unknown }[]): Promise<number> {
    let n = 0;
    for (let m = queue.pop(); m; m = queue.pop()) {
      n += await this.emit(m.e, m.x); // <- 1
    }
    return n;
  }
}
