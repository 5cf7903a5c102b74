"""Where was the pool made whose workers were seen?"""

from collections.abc import Collection

from perfdoctor.diagnosis.account import Account, Place


def maker_of(account: Account, pids: Collection[int]) -> Place | None:
    """The line that makes the pool whose workers run in these processes, where that is known."""
    made = {(pool.file, pool.line, pool.function) for pool in account.evidence.pools if pool.pid in pids}
    if len(made) != 1:
        return None
    ((file, line, function),) = made
    return Place(file, function or "<module>", line)
