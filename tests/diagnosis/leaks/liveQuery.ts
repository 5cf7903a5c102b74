import { EventEmitter } from 'node:events';

export interface Row {
  id: string;
  [column: string]: unknown;
}

export interface Change {
  table: string;
  kind: 'insert' | 'update' | 'delete';
  row: Row;
}

export class ChangeStream extends EventEmitter {
  private lag: number[] = [];

  push(change: Change, sentAt: number): void {
    this.lag.push(Date.now() - sentAt);
    if (this.lag.length > 128) this.lag.splice(0, 64);
    this.emit(change.table, change);
  }

  averageLag(): number {
    return this.lag.reduce((a, b) => a + b, 0) / Math.max(1, this.lag.length);
  }
}

export interface Loader {
  load(table: string, filter: (row: Row) => boolean): Promise<Row[]>;
}

export interface Client {
  id: string;
  send(type: string, body: unknown): void;
  onClose(fn: () => void): void;
}

export class LiveQueries {
  private readonly active = new Map<string, Set<string>>();

  constructor(private readonly stream: ChangeStream, private readonly loader: Loader) {
    this.stream.setMaxListeners(0);
  }

  async open(client: Client, queryId: string, table: string, filter: (row: Row) => boolean): Promise<void> {
    const rows = await this.loader.load(table, filter);
    const view = indexById(rows);
    this.track(client, queryId);
    client.send('snapshot', { queryId, rows });

    this.stream.on(table, (change: Change) => { // <- cost
      if (!this.isActive(client, queryId)) return;
      const before = view.has(change.row.id);
      const matches = change.kind !== 'delete' && filter(change.row);
      if (matches) {
        view.set(change.row.id, change.row);
        client.send(before ? 'changed' : 'added', { queryId, row: change.row });
      } else if (before) {
        view.delete(change.row.id);
        client.send('removed', { queryId, id: change.row.id });
      }
    });
  }

  close(client: Client, queryId: string): void {
    this.active.get(client.id)?.delete(queryId); // <- cost
  }

  private track(client: Client, queryId: string): void {
    let ids = this.active.get(client.id);
    if (!ids) {
      ids = new Set();
      this.active.set(client.id, ids);
      client.onClose(() => this.active.delete(client.id));
    }
    ids.add(queryId);
  }

  private isActive(client: Client, queryId: string): boolean {
    return this.active.get(client.id)?.has(queryId) ?? false;
  }
}

function indexById(rows: Row[]): Map<string, Row> {
  const out = new Map<string, Row>();
  for (const row of rows) {
    out.set(row.id, { ...row }); // <- made 100
  }
  return out;
}
