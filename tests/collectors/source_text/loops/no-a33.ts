type Handler<T> = (payload: T) => void;

export class Bus<T> {
  private handlers = new Map<string, Handler<T>[]>();
  private queue: Array<{ topic: string; payload: T }> = [];

  on(topic: string, h: Handler<T>): void {
    const list = this.handlers.get(topic);
    if (list) list.push(h);
    else this.handlers.set(topic, [h]);
  }

  private emit(topic: string, payload: T): void {
    const list = this.handlers.get(topic);
    if (!list) return;
    for (const h of list) {
      h(payload); // <- 0
    }
  }

  drain(): void {
    let ev = this.queue.shift();
    while (ev !== undefined) {
      this.emit(ev.topic, ev.payload); // <- 1
      ev = this.queue.shift();
    }
  }
}
