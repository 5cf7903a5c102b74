"""What one window adds up to: time, calls, bytes, memory."""

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.side import Figure
from perfdoctor.schemas.ledger import State

_LEAST_OWN = 0.25
"""of a time is the program's own, however much the estimate of the engine's part says"""


def cpu(account: Account) -> float:
    evidence = account.evidence
    if evidence.threads is not None:
        return sum(thread.running for thread in evidence.threads)
    return evidence.cpu.cpu_seconds if evidence.cpu else 0.0


def engine(account: Account) -> float:
    """Seconds of it that measuring took, as its collections estimate them: those of one window ran together."""
    # (a tracer that stops its target takes wall time, not the target's CPU time)
    costs = [how.cost for how in account.evidence.collections.values() if how.cost.kind != "stops"]
    return max((cost.estimated_seconds for cost in costs), default=0.0)


def own_cpu(account: Account) -> float:
    """CPU seconds without those that measuring took: a program that makes many calls pays more for being watched, and
    a fix that makes fewer would seem to gain what only the measurement lost."""
    used = cpu(account)
    return max(used - engine(account), _LEAST_OWN * used)


def busy(account: Account) -> float:
    return account.ledger.busy_seconds


def own_time(account: Account) -> float:
    """Busy seconds but those in which threads were ready and had no core: on a shared machine that is for others to
    say, by the minute."""
    spent = max(0.0, busy(account) - in_state(State.RUNNABLE)(account))
    return max(spent - engine(account), _LEAST_OWN * spent)


def seconds(account: Account) -> float:
    return account.seconds


def calls(account: Account) -> float:
    return sum(row.calls for row in account.calls)


def transferred(account: Account) -> float:
    return sum(row.bytes for row in account.calls)


def faults(account: Account) -> float:
    return sum(row.faults for row in account.evidence.faults or ())


def in_state(state: State) -> Figure:
    return lambda account: sum(row.seconds for row in account.ledger.rows if row.state is state)


def resident(account: Account) -> float:
    """Bytes, by the last reading."""
    memory = account.evidence.memory
    return memory.samples[-1].rss if memory and memory.samples else 0.0


def growth(account: Account) -> float:
    memory = account.evidence.memory
    return memory.bytes_per_second if memory else 0.0
