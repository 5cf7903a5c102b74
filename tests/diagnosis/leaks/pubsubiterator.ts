import { EventEmitter } from 'node:events';

type Handler<T> = (payload: T) => void;

export class PubSub<T = unknown> {
  private readonly emitter = new EventEmitter();
  private readonly subscriptions = new Map<number, [string, Handler<T>]>(); // <- cost
  private nextId = 1;

  constructor(private readonly ready: Promise<void> = Promise.resolve()) {
    this.emitter.setMaxListeners(0);
  }

  async publish(topic: string, payload: T): Promise<void> {
    this.emitter.emit(topic, payload);
  }

  async subscribe(topic: string, handler: Handler<T>): Promise<number> {
    await this.ready;
    const id = this.nextId++;
    this.emitter.on(topic, handler); // <- cost
    this.subscriptions.set(id, [topic, handler]); // <- made 30 <- cost
    return id;
  }

  unsubscribe(id: number): void {
    const entry = this.subscriptions.get(id);
    if (!entry) return;
    this.subscriptions.delete(id);
    this.emitter.removeListener(entry[0], entry[1]);
  }

  asyncIterator(topics: string | string[]): AsyncIterableIterator<T> {
    return new PubSubAsyncIterator<T>(this, topics); // <- made 30
  }
}

class PubSubAsyncIterator<T> implements AsyncIterableIterator<T> {
  private pullQueue: Array<(r: IteratorResult<T>) => void> = [];
  private pushQueue: T[] = [];
  private readonly topics: string[];
  private allSubscribed: Promise<number[]> | null = null;
  private subscribedIds: number[] = [];
  private running = true;

  constructor(private readonly pubsub: PubSub<T>, topics: string | string[]) {
    this.topics = typeof topics === 'string' ? [topics] : topics;
    this.allSubscribed = this.subscribeAll();
  }

  async next(): Promise<IteratorResult<T>> {
    await this.allSubscribed;
    return this.pullValue();
  }

  async return(): Promise<IteratorResult<T>> {
    this.emptyQueue();
    return { value: undefined, done: true };
  }

  async throw(error: unknown): Promise<IteratorResult<T>> {
    this.emptyQueue();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private pushValue(value: T): void {
    const waiting = this.pullQueue.shift();
    if (waiting) {
      waiting(this.running ? { value, done: false } : { value: undefined, done: true });
    } else if (this.running) {
      this.pushQueue.push(value);
    }
  }

  private pullValue(): Promise<IteratorResult<T>> {
    return new Promise((resolve) => {
      const value = this.pushQueue.shift();
      if (value !== undefined) resolve({ value, done: false });
      else if (this.running) this.pullQueue.push(resolve);
      else resolve({ value: undefined, done: true });
    });
  }

  private emptyQueue(): void {
    if (!this.running) return;
    this.running = false;
    this.subscribedIds.forEach((id) => this.pubsub.unsubscribe(id)); // <- cost
    this.pullQueue.forEach((resolve) => resolve({ value: undefined, done: true }));
    this.pullQueue = [];
    this.pushQueue = [];
  }

  private async subscribeAll(): Promise<number[]> {
    const handler: Handler<T> = (payload) => this.pushValue(payload); // <- made 25
    this.subscribedIds = await Promise.all(this.topics.map((topic) => this.pubsub.subscribe(topic, handler)));
    return this.subscribedIds;
  }
}
