"""CPU time by function of the user's code, with the shape of what it does there: for hot-loop and busy-wait."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from perfdoctor.diagnosis.account import Account, Place
from perfdoctor.diagnosis.interpreter import Work, work_of
from perfdoctor.diagnosis.user_code import basename, blamed_library, is_user_code
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.frame import FrameKind

# Functions that only ask whether something has happened yet, in the standard library's own terms.
_ASKING = frozenset(
    {
        "is_set",
        "empty",
        "full",
        "qsize",
        "_qsize",
        "locked",
        "is_alive",
        "done",
        "running",
        "cancelled",
        "poll",
        "get_nowait",
        "put_nowait",
        "ready",
    }
)


@dataclass(frozen=True)
class HotFunction:
    """All samples whose innermost user's frame is in one function. ``cost`` includes queueing for the CPU."""

    account: Account
    rows: tuple[CpuRow, ...]

    @cached_property
    def seconds(self) -> float:
        return sum(row.seconds for row in self.rows)

    @cached_property
    def cost(self) -> float:
        return self.account.cpu_cost(self.rows)

    @cached_property
    def lines(self) -> list[tuple[Place, float]]:
        """The function's lines and the part of its CPU time that each holds, most first."""
        at: dict[Place, float] = defaultdict(float)
        for row in self.rows:
            place = self.account.place(row.stack)
            # 3.11 samples an instruction of the loop without a line of its own: it belongs to its neighbours.
            if place is not None and place.line is not None:
                at[place] += row.seconds
        total = sum(at.values()) or 1.0
        return sorted(((place, spent / total) for place, spent in at.items()), key=lambda item: -item[1])

    @property
    def place(self) -> Place:
        first = self.account.place(self.rows[0].stack)
        assert first is not None
        return self.lines[0][0] if self.lines else first

    @cached_property
    def work(self) -> dict[Work, float]:
        """The part of its CPU time by kind of work."""
        by: dict[Work, float] = defaultdict(float)
        for row in self.rows:
            by[_work_of_user(row)] += row.seconds
        total = self.seconds or 1.0
        return defaultdict(float, {work: spent / total for work, spent in by.items()})

    @property
    def is_native(self) -> bool:
        return self.rows[0].stack[0].kind is FrameKind.NATIVE

    @cached_property
    def asking(self) -> float:
        """The part spent in functions that ask whether something has happened yet."""
        asked = 0.0
        for row in self.rows:
            roots = self.account.evidence.user_roots
            inner = [frame for frame in row.stack if not is_user_code(frame, roots)]
            if inner and not is_user_code(row.stack[0], roots) and any(_last(f.function) in _ASKING for f in inner):
                asked += row.seconds
        return asked / self.seconds if self.seconds else 0.0

    @cached_property
    def recursive(self) -> bool:
        """Whether its heaviest stack holds the function twice."""
        heaviest = max(self.rows, key=lambda row: row.seconds)
        same = [f for f in heaviest.stack if f.function == self.place.function and f.file == self.place.file]
        return len(same) > 1

    @cached_property
    def library(self) -> str:
        """The library that holds most of it: a package or module, or a binary without path and version."""
        by: dict[str, float] = defaultdict(float)
        for row in self.rows:
            if _work_of_user(row) is Work.LIBRARY:
                native = basename(row.native[0].module).split(".")[0] if row.native else "native code"
                by[blamed_library(row.stack, self.account.evidence.user_roots) or native] += row.seconds
        return max(by, key=lambda name: by[name], default="native code")

    @cached_property
    def leaf(self) -> str:
        """The innermost native function that holds most of it."""
        by: dict[str, float] = defaultdict(float)
        for row in self.rows:
            frames = row.native or row.stack[:1]
            if frames and frames[0].function != "[unknown]":
                by[frames[0].function] += row.seconds
        return max(by, key=lambda name: by[name], default="")


def hot_functions(account: Account) -> list[HotFunction]:
    """Functions by their CPU time, most first; time inside system calls and garbage collection left out."""
    groups: dict[tuple[str | None, str], list[CpuRow]] = defaultdict(list)
    for row in account.samples:
        place = account.place(row.stack)
        if place is not None and work_of(row) not in (Work.SYSTEM_CALL, Work.COLLECT):
            groups[place.file, place.function].append(row)
    functions = [HotFunction(account, tuple(rows)) for rows in groups.values()]
    return sorted(functions, key=lambda function: -function.seconds)


def _work_of_user(row: CpuRow) -> Work:
    """The kind of work, where the user's own line does it: what a library's Python code does is the library's."""
    work = work_of(row)
    innermost = row.stack[0]
    if innermost.kind is FrameKind.NATIVE or is_user_code(innermost):
        return work
    # re.match(…) only hands on to the engine, which the user's expression keeps busy.
    return work if work is Work.REGEX else Work.LIBRARY


def _last(function: str) -> str:
    return function.rsplit(".", 1)[-1]
