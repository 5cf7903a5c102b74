export interface Task {
  name: string;
  deps: string[];
  run(): Promise<void>;
}

export class CycleError extends Error {}

export function order(tasks: Task[]): Task[] {
  const blockedBy = new Map<Task, number>();
  const dependants = new Map<string, Task[]>();
  for (const task of tasks) {
    blockedBy.set(task, task.deps.length); // <- hot 14
    for (const dep of task.deps) {
      const list = dependants.get(dep); // <- hot 31
      if (list) list.push(task);
      else dependants.set(dep, [task]);
    }
  }
  const result = tasks.filter((t) => t.deps.length === 0);
  for (let head = 0; head < result.length; head++) {
    for (const task of dependants.get(result[head].name) ?? []) {
      const left = blockedBy.get(task)! - 1; // <- hot 22
      blockedBy.set(task, left); // <- hot 16
      if (left === 0) result.push(task);
    }
  }
  if (result.length < tasks.length) {
    const placed = new Set(result);
    throw new CycleError(tasks.filter((t) => !placed.has(t)).map((t) => t.name).join(", "));
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
