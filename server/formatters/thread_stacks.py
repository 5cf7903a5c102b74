"""proc-threads in few words."""

from perfdoctor.schemas.thread_stacks import Pool
from perfdoctor.schemas.thread_stacks_answer import TaskLine, ThreadGroup, ThreadsAnswer, WaitLine
from perfdoctor.server.answers.thread_stacks import called
from perfdoctor.server.formatters.words import chain, code, count, follow, opening, percent, place, table

_FRAMES = 4


def say(answer: ThreadsAnswer, *, full: bool = False) -> str:
    lines = opening(answer)
    for circle in answer.deadlocks:
        lines += ["", "Deadlock, each waits for a lock that the next one holds:"]
        lines += [f"- {code(member.name, 20)} ({member.tid}) at {place(member.location)}" for member in circle]
    head: tuple[str, ...] = ("threads", "state", "run / queue / sleep / disk", "switches", "waits in", "stack")
    lines += table(head, [_group(group, full) for group in answer.groups], answer.omitted_groups)
    head = ("waited for", "holder at", "in", "waiters", "they wait at", "stand still")
    lines += table(head, [_wait(line) for line in answer.waits], answer.omitted_waits)
    head = ("pool", "pid", "threads", "idle", "busy", "run", "queue", "")
    lines += table(head, [_pool(pool) for pool in answer.pools], answer.omitted_pools)
    of_go = answer.target.runtime == "go"
    head = ("goroutines", "state", "for", "stack")
    if not of_go:
        head = ("asyncio tasks", "state", "for", "coroutines, and who awaits them")
    what = "goroutines" if of_go else "tasks"
    lines += table(head, [_task(line, what, full) for line in answer.tasks], answer.omitted_task_groups)
    if answer.omitted_threads:
        lines += ["", f"{count(answer.omitted_threads)} threads were too many to be looked at."]
    return "\n".join([*lines, *follow(answer.next)])


def _group(group: ThreadGroup, full: bool) -> tuple[str, ...]:
    some = ", ".join(code(name, 20) for name in group.names)
    who = f"{some} ({group.tids[0]})" if group.threads == 1 else f"{count(group.threads)} threads: {some}"
    waits = code(group.call, 40) if group.call else ""
    if group.object:
        waits += f" {code(group.object, 60)}" if group.objects == 1 else f" {group.objects} objects"
    moves = " (moves)" if group.moved else ""
    return (
        who,
        group.state + moves,
        " / ".join(percent(share) for share in group.shares),
        f"{count(group.voluntary)} + {count(group.involuntary)} forced",
        waits,
        chain(group.stack, 64 if full else _FRAMES, group.omitted_frames),
    )


def _task(line: TaskLine, what: str, full: bool) -> tuple[str, ...]:
    some = ", ".join(code(name, 20) for name in line.names)
    return (
        some if line.tasks == 1 else f"{count(line.tasks)} {what}: {some}",
        line.state,
        code(line.waits, 40) if line.waits else "",
        chain(line.stack, 64 if full else _FRAMES, line.omitted_frames),
    )


def _wait(line: WaitLine) -> tuple[str, ...]:
    what = f"the end of {code(line.holder_name, 20)}" if line.kind == "join" else f"mutex {line.address:#x}"
    return (
        what,
        f"{code(line.holder_name, 20)} ({line.holder}) {place(line.location)}",
        code(line.doing, 40),
        count(line.total_waiters),
        place(line.at),
        count(line.stands),
    )


def _pool(pool: Pool) -> tuple[str, ...]:
    numbers = (count(pool.threads), count(pool.idle), count(pool.busy))
    shares = (percent(pool.running_share), percent(pool.runnable_share))
    return (called(pool), str(pool.pid), *numbers, *shares, "saturated" if pool.saturated else "")
