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

function missingFrom<T>(source: readonly T[], other: readonly T[], same: (a: T, b: T) => boolean): T[] {
  return source.filter((item) => !other.some((o) => same(item, o))); // <- cost hot 68
}

const sameKey = (a: Row, b: Row): boolean => a.key === b.key; // <- hot 20

export function diff(previous: readonly Row[], next: readonly Row[]): Patch {
  const updated: Row[] = [];
  const added = missingFrom(next, previous, sameKey);
  const removed = missingFrom(previous, next, sameKey);
  const fresh = new Set(added);
  const before = new Map(previous.map((r) => [r.key, r]));
  for (const row of next) {
    if (!fresh.has(row) && before.get(row.key)!.version !== row.version) updated.push(row);
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
