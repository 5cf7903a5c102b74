type Listener<S> = (state: S) => void;

export interface Action { type: string; payload?: unknown }

export interface Cell { id: string; value: string; formula: string | null }

export interface Sheet {
  cells: Record<string, Cell>;
  selection: string[];
  revision: number;
}

interface Entry { action: Action; before: Sheet; at: number }

export function reducer(state: Sheet, action: Action): Sheet {
  switch (action.type) {
    case 'edit': {
      const { id, value } = action.payload as { id: string; value: string };
      const cells = { ...state.cells }; // <- made 90
      cells[id] = { id, value, formula: value.startsWith('=') ? value : null }; // <- made 5
      return { ...state, cells, revision: state.revision + 1 };
    }
    case 'select':
      return { ...state, selection: action.payload as string[] };
    case 'clear':
      return { cells: {}, selection: [], revision: state.revision + 1 };
    default:
      return state;
  }
}

export class Store {
  private listeners = new Set<Listener<Sheet>>();
  private timeline: Entry[] = []; // <- cost
  private pending: Action[] = [];

  constructor(private state: Sheet) {}

  getState(): Sheet {
    return this.state;
  }

  subscribe(fn: Listener<Sheet>): () => void {
    this.listeners.add(fn);
    return () => {
      this.listeners.delete(fn);
    };
  }

  dispatch(action: Action): void {
    const before = this.state;
    this.state = reducer(before, action);
    if (this.state !== before) {
      this.record(action, before);
      for (const fn of this.listeners) fn(this.state);
    }
  }

  enqueue(action: Action): void {
    this.pending.push(action);
    if (this.pending.length === 1) queueMicrotask(() => this.drain());
  }

  private drain(): void {
    const actions = this.pending;
    this.pending = [];
    actions.forEach((a) => this.dispatch(a));
  }

  private record(action: Action, before: Sheet): void {
    this.timeline.push({ action, before, at: Date.now() }); // <- made 5 <- cost
  }

  rewind(steps: number): void {
    const index = Math.max(0, this.timeline.length - steps);
    const removed = this.timeline.splice(index);
    if (removed.length) {
      this.state = removed[0].before;
      for (const fn of this.listeners) fn(this.state);
    }
  }

  summary(): string[] {
    return this.timeline.slice(-10).map((e) => `${e.at} ${e.action.type}`);
  }
}
