"""What V8's profiles are made of (DevTools protocol): call frames and numbers, read with distrust.

V8 says of a sample in which line of its function it fell; of a caller it says the function, and the line where that
begins: the line of the call is read from the source, where that tells (call_sites.py). All text is the target's own.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from perfdoctor.collectors.runtimes.source_maps import SourceMaps
from perfdoctor.collectors.source_text.asking.call_sites import CallSites, Function, Placed
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.frame import Frame, FrameKind, Stack

ROOT, IDLE = "(root)", "(idle)"
DEEPEST = 512
"""frames of a stack"""
MOST_NODES = 1_000_000


class CallFrame(NamedTuple):
    """A function as V8 names it; without a url it is V8's own, or of the language."""

    url: str
    function: Function

    @property
    def name(self) -> str:
        return self.function.name

    @property
    def is_root(self) -> bool:
        return self.name == ROOT and not self.url


class Frames:
    """The frames of call frames, each made once. Where V8 has put a function into another one, both have a frame, as
    far as the source tells: the inner one first."""

    def __init__(self, maps: SourceMaps | None, sites: CallSites | None) -> None:
        self._maps, self._sites = maps, sites
        self._known: dict[tuple[CallFrame, int | None], Frame] = {}
        self._calls: dict[tuple[CallFrame, CallFrame], Stack] = {}

    def at(self, call: CallFrame, line: int | None) -> Stack:
        """Of a function in which a sample fell into a line; without one, where the function begins."""
        if not self._sites or not call.url or line is None:
            return (self._frame(call, line),)
        return self._placed(call.url, self._sites.around(file_of(call.url), call.function, line))

    def calling(self, call: CallFrame, callee: CallFrame) -> Stack:
        """Of a function that calls another one."""
        if not self._sites or not call.url:
            return (self._frame(call, None),)
        key = call, callee
        if key not in self._calls:
            same = callee.url == call.url
            found = self._sites.path(file_of(call.url), call.function, callee.function, same_file=same)
            self._calls[key] = self._placed(call.url, found)
        return self._calls[key]

    def makes(self, call: CallFrame, line: int) -> bool:
        """Whether objects are made in a line."""
        return self._sites is not None and self._sites.makes(file_of(call.url), line)

    def making(self, call: CallFrame, callers: Stack, apart: Collection[str]) -> Stack:
        """Of a function in which objects were made: at the line that makes them, where there is but one. Where neither
        that nor one of its callers would keep them, and V8 may have put one into it that does, at the line of that
        one; ``apart`` are the names of those that V8 has not put into it."""
        if not self._sites or not call.url:
            return (self._frame(call, None),)
        file = file_of(call.url)
        own = self._frame(call, self._sites.maker(file, call.function))
        if any(frame.file and frame.line and self._sites.keeps(frame.file, frame.line) for frame in (own, *callers)):
            return (own,)
        within = self._sites.keeper(file, call.function, apart)
        return self._placed(call.url, within) if within else (own,)

    def _placed(self, url: str, places: Sequence[Placed]) -> Stack:
        return tuple(self._frame(CallFrame(url, place.function), place.line) for place in places)

    def _frame(self, call: CallFrame, line: int | None) -> Frame:
        key = call, line
        if key not in self._known:
            self._known[key] = self._made(call, line)
        return self._known[key]

    def _made(self, call: CallFrame, tick: int | None) -> Frame:
        name, file = clean(call.name) or "(anonymous)", file_of(call.url)
        if not file:  # (program), (garbage collector), a function of V8's own
            return Frame(kind=FrameKind.NATIVE, function=name, module="node")
        begins, column = call.function.line, call.function.column
        line = tick or begins or None
        if self._maps and line:
            at = column if line == begins and column > 0 else None
            if written := self._maps.find(file, line, at):
                made = clean(f"{file}:{line}")
                return Frame(
                    kind=FrameKind.JAVASCRIPT, function=name, file=written.file, line=written.line, module=made
                )
        return Frame(kind=FrameKind.JAVASCRIPT, function=name, file=clean(file), line=line)


def call_frame(node: Mapping[str, Any]) -> CallFrame | None:
    """Of a node of a profile; None where it has none."""
    told = node.get("callFrame")
    if not isinstance(told, dict):
        return None
    line, column = number(told.get("lineNumber")) + 1, number(told.get("columnNumber")) + 1
    return CallFrame(text(told.get("url")), Function(text(told.get("functionName")), line, column))


def file_of(url: str) -> str:
    """The path of a file:// address, any other text as it is."""
    if url.startswith("file://"):
        with suppress(ValueError):
            return unquote(urlsplit(url).path)
    return url


def dicts(value: object) -> Iterator[dict[str, Any]]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def numbers(value: object) -> list[int]:
    return [number(item) for item in value] if isinstance(value, list) else []


def number(value: object) -> int:
    return value if isinstance(value, int) and abs(value) < 1 << 62 else 0


def text(value: object) -> str:
    return value if isinstance(value, str) else ""
