export interface Item { key: string; rev: number }

export interface Changes { added: Item[]; removed: Item[]; updated: Item[] }

export function diff(before: Item[], after: Item[]): Changes {
  const removed = before.filter((b) => !after.some((a) => a.key === b.key)); // <- 0 outer
  const added = after.filter((a) => !before.some((b) => b.key === a.key));
  const updated: Item[] = [];
  after.forEach((a) => {
    const old = before.find((b) => b.key === a.key);
    if (old && old.rev !== a.rev) {
      updated.push(a);
    }
  });
  return { added, removed, updated };
}
