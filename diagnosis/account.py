"""What one window says about each line of the user's code: the view that all patterns judge by."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.ledger import ledger
from perfdoctor.diagnosis.user_code import basename, is_user_code, user_frame
from perfdoctor.diagnosis.waiting import Futexes, signals, state_of
from perfdoctor.diagnosis.words import quoted
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Fact, Location
from perfdoctor.schemas.frame import FrameKind, Stack
from perfdoctor.schemas.ledger import Ledger, State
from perfdoctor.schemas.network import Peer
from perfdoctor.schemas.syscalls import SyscallRow
from perfdoctor.schemas.waits import WaitKind

_INTERPRETER_STACKS = 4
"""A lock is taken at a handful of lines; the interpreter's own is waited for in the midst of any."""
_SWITCH_INTERVAL = 0.005
"""sys.getswitchinterval(): a thread that waits for the interpreter gives up and asks again after it."""

_TOOLS = {
    "syscalls": "trace-syscalls",
    "cpu": "trace-cpu",
    "memory": "proc-watch",
    "memory_map": "proc-memory",
    "network": "trace-network",
    "locks": "trace-locks",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the user's code, whatever the thread or process that ran it."""

    file: str | None
    function: str
    line: int | None

    @property
    def location(self) -> Location:
        return Location(file=self.file, line=self.line, function=self.function)

    def __str__(self) -> str:
        return quoted(f"{basename(self.file) or '?'}:{self.line or '?'} ({self.function})")


_AROUND_A_CALL = 25e-6
"""Seconds that an interpreter spends around one call, at most: pathlib and its kin take 10 to 20 µs. What a line takes
beyond that it spends on something else than calling."""
_UNKNOWN = Place(None, "", None)


class Account:
    """Built once per window. Rows without a user's frame have the place None."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.seconds = max(evidence.window.seconds, 1e-9)
        # By identity, since there are many rows and hashing a stack takes long; held, so that no identity is reused.
        self._places: dict[int, Place | None] = {}
        self._stacks: list[Stack] = []

    @cached_property
    def ledger(self) -> Ledger:
        return ledger(self.evidence)

    def share(self, seconds: float) -> float:
        """The part of busy time that ``seconds`` are, 0 to 1."""
        busy = self.ledger.busy_seconds
        return min(1.0, max(0.0, seconds / busy)) if busy > 0 else 0.0

    def place(self, stack: Stack) -> Place | None:
        """The innermost line of the user's code."""
        known = self._places.get(id(stack), _UNKNOWN)
        if known is _UNKNOWN:
            frame = user_frame(stack, self.evidence.user_roots)
            known = Place(frame.file, frame.function, frame.line) if frame else None
            self._places[id(stack)] = known
            self._stacks.append(stack)
        return known

    @property
    def calls(self) -> tuple[SyscallRow, ...]:
        return self.evidence.syscalls.rows if self.evidence.syscalls else ()

    @property
    def samples(self) -> tuple[CpuRow, ...]:
        return self.evidence.cpu.rows if self.evidence.cpu else ()

    @property
    def peers(self) -> tuple[Peer, ...]:
        """Whom it talked to; empty where that was not measured."""
        return self.evidence.network.peers if self.evidence.network else ()

    @cached_property
    def calls_at(self) -> dict[Place | None, list[SyscallRow]]:
        return self.by_place(self.calls)

    @cached_property
    def samples_at(self) -> dict[Place | None, list[CpuRow]]:
        at: dict[Place | None, list[CpuRow]] = defaultdict(list)
        for row in self.samples:
            at[self.place(row.stack)].append(row)
        return at

    def by_place(self, rows: Iterable[SyscallRow]) -> dict[Place | None, list[SyscallRow]]:
        at: dict[Place | None, list[SyscallRow]] = defaultdict(list)
        for row in rows:
            at[self.place(row.stack)].append(row)
        return at

    def beside(self, rows: Iterable[SyscallRow], at_most: float = _AROUND_A_CALL) -> float:
        """What the CPU time in user mode costs that goes with these calls: the code on the same way into them.

        The same way is the same line of the user and the same function that it calls: what ``path.exists()`` spends
        in pathlib belongs to its stat, what the same line spends in a JSON encoder does not.
        """
        rows = tuple(rows)
        ways = {self._way(row.stack) for row in rows} - {None}
        around = self.cpu_cost(row for row in self.samples if not row.kernel and self._way(row.stack) in ways)
        return min(around, at_most * sum(row.calls for row in rows))

    def _way(self, stack: Stack) -> tuple[Place, str] | None:
        place = self.place(stack)
        if place is None:
            return None
        if stack[0].kind is FrameKind.NATIVE:
            return place, ""
        inner = ""
        for frame in stack:
            if is_user_code(frame, self.evidence.user_roots):
                break
            inner = frame.function
        return place, inner

    def state(self, row: SyscallRow) -> State:
        """What a thread that sleeps in this call waits for."""
        return state_of(row, self.evidence.user_roots, self._signalled)

    @cached_property
    def _signalled(self) -> Futexes:
        return signals(self.calls)

    @cached_property
    def interpreter_locks(self) -> Futexes:
        """The futexes, by process, that are the interpreter's own (the GIL) as far as can be told.

        Python threads wait for it in the midst of any line, outside of ``threading``, and give up and ask again
        after the switch interval: many stacks, or many waits that time out and none that lasts.
        """
        at: dict[tuple[int, str | None], list[SyscallRow]] = defaultdict(list)
        for row in self.calls:
            if row.syscall in calls.FUTEXES and row.blocked_seconds > 0:
                at[row.pid, row.object].append(row)
        return frozenset(key for key, rows in at.items() if _is_interpreter_lock(rows))

    def held_up(self, row: SyscallRow) -> bool:
        """Whether the call waits for the interpreter, which is to say for another thread's Python code."""
        return (row.pid, row.object) in self.interpreter_locks

    @cached_property
    def queued_at(self) -> dict[Place | None, float]:
        """Seconds that threads stood at each line ready to run: waiting for a core, or for the interpreter.

        Time that the line would not lose if it needed less CPU, so it counts as the cost of its CPU time.
        """
        at: dict[Place | None, float] = defaultdict(float)
        for wait in self.evidence.waits or ():
            if wait.kind is WaitKind.RUNNABLE:
                at[self.place(wait.stack)] += wait.seconds
        for row in self.calls:
            if self.held_up(row):
                at[self.place(row.stack)] += row.blocked_seconds
        return at

    def cpu_cost(self, rows: Iterable[CpuRow]) -> float:
        """Seconds of CPU time and, in proportion, of the queueing for it at the same lines."""
        cost = 0.0
        by_place: dict[Place | None, float] = defaultdict(float)
        for row in rows:
            by_place[self.place(row.stack)] += row.seconds
        for place, spent in by_place.items():
            here = sum(row.seconds for row in self.samples_at[place])
            cost += spent + self.queued_at.get(place, 0.0) * (spent / here if here > 0 else 0.0)
        return cost

    def fact(self, part: str, what: str, value: float, unit: str) -> Fact:
        """A measured number with the tool and backend that measured it."""
        collection = self.evidence.collections.get(part)
        tool = _TOOLS.get(part, "diagnose")
        return Fact(
            what=what, value=round(value, 6), unit=unit, tool=f"{tool} ({collection.backend})" if collection else tool
        )

    def top_stack(self, rows: Iterable[SyscallRow] | Iterable[CpuRow]) -> Stack:
        """The stack that holds most of the seconds."""
        best = max(rows, key=lambda row: row.seconds, default=None)
        return best.stack if best else ()


def _is_interpreter_lock(rows: list[SyscallRow]) -> bool:
    python = [row for row in rows if row.stack and row.stack[0].kind is FrameKind.PYTHON]
    if not python or any(basename(row.stack[0].file) == "threading.py" for row in python):
        return False
    if any(row.object and "interpreter" in row.object for row in python):
        return True
    waits = sum(row.calls + row.unfinished for row in python)
    blocked = sum(row.blocked_seconds for row in python)
    gives_up = sum(row.errors for row in python) >= 0.2 * waits and blocked / max(waits, 1) < 2 * _SWITCH_INTERVAL
    lines = {(row.stack[0].file, row.stack[0].line) for row in python}
    return gives_up or len(lines) >= _INTERPRETER_STACKS
