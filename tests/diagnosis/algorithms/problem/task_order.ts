export interface Task {
  name: string;
  deps: string[];
  run(): Promise<void>;
}

export class CycleError extends Error {}

function ready(task: Task, done: Set<string>): boolean {
  return task.deps.every((d) => done.has(d)); // <- hot 63
}

export function order(tasks: Task[]): Task[] {
  const done = new Set<string>();
  const result: Task[] = [];
  let pending = [...tasks];
  while (pending.length > 0) { // <- cost
    const next = pending.find((t) => ready(t, done)); // <- cost hot 21
    if (!next) {
      throw new CycleError(pending.map((t) => t.name).join(", "));
    }
    done.add(next.name);
    result.push(next);
    pending = pending.filter((t) => t !== next); // <- cost hot 13
  }
  return result;
}

export async function runAll(tasks: Task[], log: (line: string) => void): Promise<number> {
  const started = Date.now();
  for (const task of order(tasks)) {
    const t0 = Date.now();
    await task.run();
    log(`${task.name} ${Date.now() - t0} ms`);
  }
  return Date.now() - started;
}
