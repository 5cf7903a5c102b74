"""Where was the pool made whose workers were seen, or which lends connections?"""

from collections.abc import Collection, Iterable

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.place import Place
from perfdoctor.schemas.threads import PoolLine


def maker_of(account: Account, pids: Collection[int]) -> Place | None:
    """The line that makes the pool whose workers run in these processes, where that is known."""
    return _only(pool for pool in account.evidence.pools if pool.pid in pids and not pool.lends)


def limit_of(account: Account, pids: Collection[int]) -> Place | None:
    """The line that sets how many connections a pool lends to these processes, where that is known."""
    return _only(pool for pool in account.evidence.pools if pool.pid in pids and pool.lends)


def _only(pools: Iterable[PoolLine]) -> Place | None:
    made = {(pool.file, pool.line, pool.function) for pool in pools}
    if len(made) != 1:
        return None
    ((file, line, function),) = made
    return Place(file, function or "<module>", line)
