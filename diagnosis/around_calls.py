"""What the CPU does in user mode to make system calls: the code on the same way into them."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.user_code import is_user_code
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.frame import THREAD_POOL, FrameKind, Stack
from perfdoctor.schemas.ledger import State
from perfdoctor.schemas.syscalls import SyscallRow

if TYPE_CHECKING:
    from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.place import Place

_AROUND_A_CALL = 25e-6
"""Seconds that an interpreter spends around one call, at most: pathlib and its kin take 10 to 20 µs. What a line takes
beyond that it spends on something else than calling."""
_AROUND_A_CALL_IN_NATIVE = 3e-6
"""The same of compiled code, which gets to the call at once."""
_POOLS_THREAD = "worker"
"""the function that each thread of libuv's pool runs"""


class AroundCalls:
    """Of one account."""

    def __init__(self, account: "Account") -> None:
        self._account = account

    def beside(self, rows: tuple[SyscallRow, ...], at_most: float | None = None) -> float:
        """Seconds of CPU that go with ``rows``; ``at_most`` so many for each call.

        The same way is the same line of the user and the same function that it calls: what ``path.exists()`` spends
        in pathlib belongs to its stat, what the same line spends in a JSON encoder does not.
        """
        account = self._account
        ways = {way for row in rows for way in self._ways(row.stack)} - {None}
        around = account.cpu_cost(row for row in account.samples if not row.kernel and self.way(row.stack) in ways)
        most = sum(row.calls * (at_most or _around_a_call(row.stack)) for row in rows)
        return min(around, most) + self._handing_over([row for row in rows if _is_of_pool(row.stack)], ways)

    def way(self, stack: Stack) -> "tuple[Place, str] | None":
        """The line of the user, and the function that it calls."""
        place = self._account.place(stack)
        if place is None:
            return None
        if stack[0].kind is FrameKind.NATIVE:
            return place, ""
        inner = ""
        for frame in stack:
            if is_user_code(frame, self._account.evidence.user_roots):
                break
            inner = frame.function
        return place, inner

    def _ways(self, stack: Stack) -> "tuple[tuple[Place, str] | None, ...]":
        """That of a call; of one that libuv's threads made also that of the code which asked for it."""
        asked = next((i for i, f in enumerate(stack) if f.kind is FrameKind.JAVASCRIPT), 0) if _is_of_pool(stack) else 0
        return (self.way(stack), self.way(stack[asked:])) if asked else (self.way(stack),)

    def _handing_over(self, rows: list[SyscallRow], ways: "Iterable[tuple[Place, str] | None]") -> float:
        """What it takes to have libuv's threads make these calls: in them, in the thread that wakes them, and in the
        waits of all of these for the lock of what they hand over."""
        if not rows:
            return 0.0
        wakes = (row for row in self._account.calls if row.syscall in calls.FUTEXES and self.way(row.stack) in ways)
        woken = 0.0
        for row in wakes:
            waited = self._account.state(row) is State.LOCK
            woken += row.seconds if waited else row.seconds - row.blocked_seconds
        return woken + sum(row.calls * self._in_pool.get(row.pid, 0.0) for row in rows)

    @cached_property
    def _in_pool(self) -> dict[int, float]:
        """By process, seconds of CPU in user mode, and in line for it, for each call that the threads of libuv's pool
        make."""
        rows: dict[int, list[CpuRow]] = defaultdict(list)
        for row in self._account.samples_at.get(None, ()):
            if not row.kernel and any(frame.function == _POOLS_THREAD for frame in row.stack):
                rows[row.pid].append(row)
        made: dict[int, int] = defaultdict(int)
        for call in self._account.calls:
            made[call.pid] += call.calls if _is_of_pool(call.stack) else 0
        return {pid: self._account.cpu_cost(rows[pid]) / made[pid] for pid in rows if made[pid]}


def _is_of_pool(stack: Stack) -> bool:
    return any(frame.function == THREAD_POOL for frame in stack)


def _around_a_call(stack: Stack) -> float:
    compiled = bool(stack) and all(frame.kind is FrameKind.NATIVE for frame in stack)
    return _AROUND_A_CALL_IN_NATIVE if compiled else _AROUND_A_CALL
