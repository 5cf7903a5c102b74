"""trace-locks in few words."""

from perfdoctor.schemas.locks_answer import GilRow, LockChain, LockRole, LockRow, LocksAnswer, StandingRow
from perfdoctor.server.formatters.words import code, count, follow, opening, percent, place, quantity, table

_LOCKS = ("lock", "kind", "waits", "threads", "waited", "p50 ≤", "p99 ≤", "longest", "held ≤", "waits at")
_CHAINS = ("waits at", "until this let go", "of", "waits", "waited", "longest")
_STANDING = ("still waits", "for", "which has thread", "for so long", "at")


def say(answer: LocksAnswer) -> str:
    lines = opening(answer)
    lines += table(_LOCKS, [_lock(row) for row in answer.locks], answer.omitted_locks)
    lines += table(_CHAINS, [_chain(chain) for chain in answer.chains], answer.omitted_chains)
    lines += table(("holds the GIL", "share", "mostly at"), [_gil(row) for row in answer.gil.rows], answer.gil.omitted)
    lines += table(_STANDING, [_standing(row) for row in answer.standing.rows], answer.standing.omitted)
    if answer.work.waits:
        waited = quantity(answer.work.seconds, "s")
        lines += ["", f"Not counted above: {count(answer.work.waits)} waits for work ({waited} of threads' time)."]
    return "\n".join([*lines, *follow(answer.next)])


def _seconds(value: float | None) -> str:
    return "?" if value is None else quantity(value, "s")


def _lock(row: LockRow) -> tuple[str, ...]:
    more = [f"{count(row.waited.unfinished)} unfinished"] if row.waited.unfinished else []
    # (the GIL is waited for in pieces of 5 ms, and may be had at the end of one)
    timed_out = row.role is not LockRole.INTERPRETER and row.waited.timeouts
    more += [f"{count(row.waited.timeouts)} gave up"] if timed_out else []
    more += [f"of {count(row.held.acquired)} calls"] if row.held.acquired is not None else []
    doubt = " (or a queue)" if row.role is LockRole.UNDECIDED else ""
    return (
        code(row.lock, 80),
        row.kind + doubt,
        count(row.waited.waits) + (f" ({', '.join(more)})" if more else ""),
        "?" if row.waited.threads is None else count(row.waited.threads),
        _seconds(row.waited.seconds),
        _seconds(row.waited.p50_seconds),
        _seconds(row.waited.p99_seconds),
        _seconds(row.waited.max_seconds),
        _seconds(row.held.max_seconds),
        place(row.line),
    )


def _chain(chain: LockChain) -> tuple[str, ...]:
    holder = place(chain.holder) if chain.holder else "(not known)"
    if chain.waker:
        holder += f" of {code(chain.waker, 48)}"
    return (
        place(chain.waiter),
        holder,
        code(chain.lock, 60),
        count(chain.waits),
        _seconds(chain.seconds),
        _seconds(chain.max_seconds),
    )


def _gil(row: GilRow) -> tuple[str, ...]:
    who = code(f"{row.thread} ({row.tid})" if row.tid else row.thread, 48) if row.thread else "(without a name)"
    return who, percent(row.share), place(row.line) if row.line else "?"


def _standing(row: StandingRow) -> tuple[str, ...]:
    owner = "?" if row.owner is None else str(row.owner)
    return str(row.tid), code(row.lock, 60), owner, _seconds(row.seconds), place(row.line)
