"""A CPython whose own functions have no names: what they do below a line cannot be told.

Distributions strip their interpreters: Debian's python3 has the names of what it exports, and of nothing else.
"""

from collections.abc import Iterable

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.interpreter import is_in_interpreter, is_nameless
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.finding import NotChecked

_MUCH = 0.1
"""of the CPU time in the interpreter itself: what is asked about may be in there"""


def blind(account: Account, pattern: str, what: str) -> tuple[NotChecked, ...]:
    """``what``: that which would be known by the names."""
    inside = [row for row in account.samples if is_in_interpreter(row)]
    if not inside or _seconds(filter(is_nameless, inside)) < _MUCH * _seconds(inside):
        return ()
    return (
        NotChecked(
            pattern=pattern,
            why=f"this CPython has no names of its own functions, by which {what} would be known",
            enable="its debug symbols (Debian and Ubuntu: python3-dbg), or an interpreter that is not stripped",
        ),
    )


def _seconds(rows: Iterable[CpuRow]) -> float:
    return sum(row.seconds for row in rows)
