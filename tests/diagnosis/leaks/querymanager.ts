export interface FetchResult<T = unknown> {
  data?: T;
  errors?: ReadonlyArray<{ message: string }>;
}

export interface Operation {
  query: string;
  variables: Record<string, unknown>;
  context: Record<string, unknown>;
}

export type Link = (operation: Operation) => Promise<FetchResult>;
type RejectFn = (reason: Error) => void;
type Listener = (result: FetchResult) => void;

interface QueryInfo {
  document: string;
  lastRequestId: number;
  listeners: Set<Listener>;
}

export class QueryManager {
  private idCounter = 1;
  private requestIdCounter = 1;
  private readonly queries = new Map<string, QueryInfo>();
  private readonly inFlight = new Map<string, Promise<FetchResult>>();
  private readonly fetchRejectFns = new Map<string, RejectFn>(); // <- cost
  private readonly mutations: Record<string, { loading: boolean; error?: Error }> = {};

  constructor(private readonly link: Link, private readonly store: Map<string, FetchResult>) {}

  generateQueryId(): string {
    return String(this.idCounter++);
  }

  query(document: string, variables: Record<string, unknown> = {}): Promise<FetchResult> {
    const queryId = this.generateQueryId(); // <- made 15
    return this.fetchQuery(queryId, document, variables).finally(() => this.removeQuery(queryId)); // <- cost
  }

  private fetchQuery(queryId: string, document: string, variables: Record<string, unknown>): Promise<FetchResult> {
    const requestId = this.requestIdCounter++;
    const info = this.getQuery(queryId);
    info.document = document;
    info.lastRequestId = requestId;
    return new Promise<FetchResult>((resolve, reject) => { // <- made 70
      this.fetchRejectFns.set(`fetch:${queryId}:${requestId}`, reject); // <- made 15 <- cost
      this.request(document, variables).then((result) => {
        if (info.lastRequestId === requestId) {
          this.store.set(document + JSON.stringify(variables), result);
          info.listeners.forEach((listener) => listener(result));
        }
        resolve(result);
      }, reject);
    });
  }

  private request(document: string, variables: Record<string, unknown>): Promise<FetchResult> {
    const key = document + JSON.stringify(variables);
    const running = this.inFlight.get(key);
    if (running) return running;
    const promise = this.link({ query: document, variables, context: { key } }).finally(() => {
      this.inFlight.delete(key);
    });
    this.inFlight.set(key, promise);
    return promise;
  }

  async mutate(document: string, variables: Record<string, unknown>): Promise<FetchResult> {
    const id = this.generateQueryId();
    this.mutations[id] = { loading: true };
    try {
      return await this.link({ query: document, variables, context: { mutation: id } });
    } finally {
      delete this.mutations[id];
    }
  }

  watch(queryId: string, listener: Listener): () => void {
    const { listeners } = this.getQuery(queryId);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.removeQuery(queryId);
    };
  }

  stop(): void {
    const error = new Error('client stopped before the request ended');
    this.fetchRejectFns.forEach((reject) => reject(error));
    this.fetchRejectFns.clear();
    this.queries.clear();
  }

  private removeQuery(queryId: string): void {
    this.queries.delete(queryId);
  }

  private getQuery(queryId: string): QueryInfo {
    let info = this.queries.get(queryId);
    if (!info) {
      info = { document: '', lastRequestId: 0, listeners: new Set() };
      this.queries.set(queryId, info);
    }
    return info;
  }
}
