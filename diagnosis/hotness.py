"""CPU time by function of the user's code, with the shape of what it does there: for hot-loop and busy-wait."""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.interpreter import Work, compiled_work_of, work_of
from perfdoctor.diagnosis.language import Language, language_of
from perfdoctor.diagnosis.operations import Operation, operation_of, telling_frame
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.user_code import basename, blamed_library, is_user_code, user_frame
from perfdoctor.schemas.cpu import CpuRow, LineShape
from perfdoctor.schemas.frame import Frame, FrameKind

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

_PACKAGE = re.compile(r"/(?:site|dist)-packages/")
_ROW_BY_ROW = re.compile(r"\.iterrows$|Apply\.(?:apply_standard|apply_series_generator|series_generator)$|\.applymap$")
_SOME_ROWS = 0.15
"""of its CPU time, for making the rows themselves"""
_WITH_ALL_BELOW = frozenset(
    {
        LineShape.FEW,
        LineShape.GROW,
        LineShape.RESORT,
        LineShape.SCAN,
        LineShape.WALK,
        LineShape.BUCKET,
        LineShape.NESTED,
        LineShape.EACH_TIME,
        LineShape.SWEEP,
        LineShape.OVERLAP,
        LineShape.SAME,
        LineShape.LETTER,
        LineShape.SPIN,
        LineShape.FILTER,
        LineShape.ELEMENTS,
        LineShape.CELLS,
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
            place = self.account.asking_place(row.stack)
            # 3.11 samples an instruction of the loop without a line of its own: it belongs to its neighbours.
            if place is not None and place.line is not None:
                at[place] += row.seconds
        total = sum(at.values()) or 1.0
        return sorted(((place, spent / total) for place, spent in at.items()), key=lambda item: -item[1])

    @property
    def place(self) -> Place:
        first = self.account.asking_place(self.rows[0].stack)
        assert first is not None
        return self.lines[0][0] if self.lines else first

    @cached_property
    def work(self) -> dict[Work, float]:
        """The part of its CPU time by kind of work."""
        by: dict[Work, float] = defaultdict(float)
        for row in self.rows:
            by[_work_of_user(self.account, row)] += row.seconds
        total = self.seconds or 1.0
        return defaultdict(float, {work: spent / total for work, spent in by.items()})

    @cached_property
    def shaped(self) -> dict[LineShape, float]:
        """The part of its CPU time on lines whose text says what they do, by what that is: with what lies below lines
        that copy, sort or compare (they call nothing else), its own time of other loops."""
        by: dict[LineShape, float] = defaultdict(float)
        for row in self.rows:
            whole = self.account.shape_at(self.account.asking_place(row.stack))
            work = _work_of_user(self.account, row) if whole is LineShape.NESTED else None
            if work is Work.REGEX or (work is Work.LIBRARY and self.is_python):
                continue  # (a library works for each element: there may be few)
            shape = whole if whole in _WITH_ALL_BELOW else self.account.shape_of(row.stack)
            if shape is not None:
                by[shape] += row.seconds
        return defaultdict(float, {shape: spent / (self.seconds or 1.0) for shape, spent in by.items()})

    @cached_property
    def language(self) -> Language:
        return language_of(user_frame(self.rows[0].stack, self.account.evidence.user_roots))

    @property
    def is_python(self) -> bool:
        return self.language is Language.PYTHON

    @cached_property
    def asking(self) -> float:
        """The part spent in functions that ask whether something has happened yet."""
        asked = 0.0
        for row in self.rows:
            roots = self.account.evidence.user_roots
            inner = [frame for frame in row.stack if not is_user_code(frame, roots)]
            below = self.account.below(row)
            told = not self.is_python and operation_of(below) is Operation.ASK
            if told or (inner and not is_user_code(row.stack[0], roots) and _asks(inner)):
                asked += row.seconds
        return asked / self.seconds if self.seconds else 0.0

    @cached_property
    def recursive(self) -> bool:
        """Whether its heaviest stack holds the function twice."""
        heaviest = max(self.rows, key=lambda row: row.seconds)
        same = [f for f in heaviest.stack if f.function == self.place.function and f.file == self.place.file]
        return len(same) > 1

    @cached_property
    def row_by_row(self) -> bool:
        """Whether pandas gives it a table row by row, and that, with what is asked of the rows, is most of it."""
        by_rows = in_pandas = 0.0
        for row in self.rows:
            below = [frame for frame in self.account.below(row) if "/pandas/core/" in (frame.file or "")]
            in_pandas += row.seconds if below else 0.0
            by_rows += row.seconds if any(_ROW_BY_ROW.search(frame.function) for frame in below) else 0.0
        return by_rows >= _SOME_ROWS * self.seconds and in_pandas >= 0.5 * self.seconds

    @cached_property
    def compares_for_order(self) -> bool:
        """Whether a sort, a tree or a search by halves calls it, most of the time: it is their comparison."""
        asked = 0.0
        for row in self.rows:
            roots = self.account.evidence.user_roots
            callers = row.stack[len(self.account.below(row)) - len(row.native) + 1 :]
            outer = next((i for i, frame in enumerate(callers) if is_user_code(frame, roots)), len(callers))
            if operation_of(callers[:outer]) in (Operation.SORT, Operation.KEEP):
                asked += row.seconds
        return asked > 0.5 * self.seconds

    @cached_property
    def library(self) -> str:
        """The library that holds most of it: a package or module, or a binary without path and version."""
        by: dict[str, float] = defaultdict(float)
        for row in self.rows:
            if _work_of_user(self.account, row) is Work.LIBRARY:
                native = basename(row.native[0].module).split(".")[0] if row.native else "native code"
                by[blamed_library(row.stack, self.account.evidence.user_roots) or native] += row.seconds
        return max(by, key=lambda name: by[name], default="native code")

    @cached_property
    def leaf(self) -> str:
        """The function below its lines that holds most of it: the one that says what is done, else the innermost."""
        by: dict[str, float] = defaultdict(float)
        for row in self.rows:
            below = self.account.below(row)
            frame = telling_frame(below) or next(iter(below or row.stack), None)
            if frame and frame.function != "[unknown]":
                by[frame.function] += row.seconds
        return max(by, key=lambda name: by[name], default="")


def hot_functions(account: Account) -> list[HotFunction]:
    """Functions by their CPU time, most first; time inside system calls and garbage collection left out."""
    groups: dict[tuple[str | None, str], list[CpuRow]] = defaultdict(list)
    for row in account.samples:
        place = account.asking_place(row.stack)
        if place is not None and _work_of_user(account, row) not in (Work.SYSTEM_CALL, Work.COLLECT):
            groups[place.file, place.function].append(row)
    functions = [HotFunction(account, tuple(rows)) for rows in groups.values()]
    return sorted(functions, key=lambda function: -function.seconds)


def _asks(inner: list[Frame]) -> bool:
    """(a plain function of another package, as ``numpy.full``, asks nothing; CPython up to 3.10 names no class)"""
    return any(
        _last(frame.function) in _ASKING and ("." in frame.function or not _PACKAGE.search(frame.file or ""))
        for frame in inner
    )


def _work_of_user(account: Account, row: CpuRow) -> Work:
    """The kind of work, where the user's own line does it: what a library's Python code does is the library's."""
    innermost = row.stack[0]
    if innermost.kind is not FrameKind.PYTHON:
        return compiled_work_of(row, account.below(row))
    work = work_of(row)
    if is_user_code(innermost, account.evidence.user_roots) or work in (Work.SYSTEM_CALL, Work.COLLECT):
        return work
    # re.match(…) only hands on to the engine, which the user's expression keeps busy.
    return work if work is Work.REGEX else Work.LIBRARY


def _last(function: str) -> str:
    return function.rsplit(".", 1)[-1]
