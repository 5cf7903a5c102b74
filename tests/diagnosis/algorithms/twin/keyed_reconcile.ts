export interface Row {
  readonly key: string;
  readonly version: number;
  readonly cells: readonly string[];
}

export interface Patch {
  added: Row[];
  removed: Row[];
  updated: Row[];
}

function missingFrom<T, K>(source: readonly T[], present: { has(key: K): boolean }, keyOf: (item: T) => K): T[] {
  return source.filter((item) => !present.has(keyOf(item))); // <- hot 30
}

const rowKey = (row: Row): string => row.key;

export function diff(previous: readonly Row[], next: readonly Row[]): Patch {
  const updated: Row[] = [];
  const before = new Map(previous.map((r) => [r.key, r])); // <- hot 24
  const after = new Set(next.map(rowKey)); // <- hot 20
  const added = missingFrom(next, before, rowKey);
  const removed = missingFrom(previous, after, rowKey);
  for (const row of next) {
    const old = before.get(row.key); // <- hot 12
    if (old !== undefined && old.version !== row.version) updated.push(row);
  }
  return { added, removed, updated };
}

export class GridModel {
  private rows: readonly Row[] = [];
  private listeners = new Set<(patch: Patch) => void>();

  subscribe(listener: (patch: Patch) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  replace(next: readonly Row[]): void {
    const patch = diff(this.rows, next);
    this.rows = next;
    if (patch.added.length + patch.removed.length + patch.updated.length === 0) return;
    for (const listener of this.listeners) listener(patch);
  }
}
