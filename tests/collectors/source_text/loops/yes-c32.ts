import { makeAutoObservable } from 'mobx';

interface Row { id: string; name: string; archived: boolean; size: number }

export class FileListStore {
  rows: Row[] = [];
  selectedIds: string[] = [];

  constructor() {
    makeAutoObservable(this);
  }

  isSelected(row: Row): boolean {
    return this.selectedIds.includes(row.id); // <- 0
  }

  get selectedSize(): number {
    let total = 0;
    for (const row of this.rows) { // <- outer
      if (!row.archived && this.isSelected(row)) { // <- 1
        total += row.size;
      }
    }
    return total;
  }

  selectAll() {
    this.selectedIds = this.rows.map((r) => r.id);
  }
}
