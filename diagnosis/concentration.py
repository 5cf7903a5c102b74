"""Which function of a library holds most of what a line of the user's code costs?

The line that its owner can change is the one that calls. Which function inside of the library the time gathers in says
what to look for: a repair in a newer release, an option, another way in.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.user_code import basename, user_frame
from perfdoctor.diagnosis.words import named, quoted
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.frame import Frame, FrameKind, Stack

_MOST = 0.6
"""of the time below the user's code: clearly more than half, so that one function explains it"""
# …/site-packages/tornado/httputil.py   …/node_modules/@scope/name/lib/parse.js   …/black/strings.cpython-311-x86.so
_INSTALLED = re.compile(r"/(?:site-packages|dist-packages|node_modules)/(.+)$")
_RUNTIME = re.compile(r"^(?:lib)?(?:python|node)[\d.]*(?:$|\.so|-\d)|^lib(?:c|m|pthread|stdc\+\+)[-.]|^ld-|^\[")
# is_reachable.<locals>.two_neighborhood.<locals>.<genexpr>: what a function builds on the way is its own
_OWN_PARTS = re.compile(r"(?:\.<locals>)?\.<(?:genexpr|listcomp|setcomp|dictcomp|lambda)>")
_MYPYC = re.compile(r"^CPy(?:Def|Py)_(?:\w+?___)?")


@dataclass(frozen=True, slots=True)
class Holder:
    """A function of a library; ``share`` of the time below the user's code is spent in it and in what it calls."""

    function: str
    file: str
    package: str
    share: float

    def __str__(self) -> str:
        return f"{named(self.function)} ({quoted(self.file)})"

    @property
    def advice(self) -> str:
        if not self.package:
            return ""
        return (
            f"In {quoted(self.package)} the time gathers in {named(self.function)}: see whether a newer release has "
            "repaired it, and keep odd input (very long, malformed) away from it."
        )


_Key = tuple[str, str]


def holder(account: Account, rows: Iterable[CpuRow]) -> Holder | None:
    """The innermost function that most of the rows' time is spent in or below; one of an installed package comes before
    one of the standard library. None when the user's own code holds it, or no function does."""
    inside: dict[_Key, float] = defaultdict(float)
    depth: dict[_Key, float] = defaultdict(float)
    example: dict[_Key, Frame] = {}
    total = 0.0
    for row in rows:
        total += row.seconds
        deepest: dict[_Key, int] = {}
        for at, frame in enumerate(_called(row, account.evidence.user_roots)):
            key = frame.file or frame.module or "", _name(frame)
            deepest[key] = at
            example.setdefault(key, frame)
        for key, at in deepest.items():
            inside[key] += row.seconds
            depth[key] += at * row.seconds
    most = [key for key, seconds in inside.items() if seconds >= _MOST * total]
    if not most or not total:
        return None
    best = max(most, key=lambda key: (_INSTALLED.search(key[0]) is not None, depth[key] / inside[key], key))
    file = _INSTALLED.search(best[0])
    return Holder(
        function=best[1],
        file=file[1] if file else basename(best[0]),
        package=_package(file[1]) if file else "",
        share=inside[best] / total,
    )


def _called(row: CpuRow, roots: tuple[str, ...]) -> Iterator[Frame]:
    """What the user's code called, outermost first: interpreted frames, then native ones of extensions."""
    yield from reversed(_inside(row.stack, roots))
    if row.stack and row.stack[0].kind is FrameKind.PYTHON:
        for frame in reversed(row.native):
            module = basename(frame.module)
            if frame.function != "[unknown]" and module and not _RUNTIME.search(module):
                yield frame


def _inside(stack: Stack, roots: tuple[str, ...]) -> Stack:
    own = user_frame(stack, roots)
    inside = stack[: stack.index(own)] if own else ()
    # (generated code, as of decorators, has no file: nobody can look it up)
    return tuple(frame for frame in inside if frame.file and not frame.file.startswith("<"))


def _name(frame: Frame) -> str:
    name = _OWN_PARTS.sub("", frame.function).replace(".<locals>.", ".")
    return _MYPYC.sub("", name) if frame.kind is FrameKind.NATIVE else name


def _package(path: str) -> str:
    parts = path.split("/")
    return "/".join(parts[:2]) if path.startswith("@") else parts[0].split(".")[0]
