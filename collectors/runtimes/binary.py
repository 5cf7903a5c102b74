"""One file of native code: which function, file and line an address of it is, from its symbol table and its DWARF.

Symbols are read by the ``symbolic`` library; tables that took time to make are kept on disk by build id.
"""

import contextlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perfdoctor.collectors.runtimes.debug_files import find_debug_file
from perfdoctor.collectors.runtimes.demangle import demangled
from perfdoctor.collectors.runtimes.elf import Elf
from perfdoctor.collectors.runtimes.go_table import GoTable, Place
from perfdoctor.collectors.runtimes.kept import keep, kept_file
from perfdoctor.collectors.runtimes.line_program import LineProgram
from perfdoctor.collectors.runtimes.picked import picked_name
from perfdoctor.collectors.text import LIMIT, clean
from perfdoctor.schemas.frame import Frame, FrameKind
from perfdoctor.schemas.long_names import fitting

_LARGEST_WITH_LINES = 256 << 20
"""Bytes of a file whose DWARF we are ready to read: beyond, it takes many seconds."""

_WORTH_KEEPING = 1 << 20
"""Bytes of a file without DWARF whose table of symbols is kept on disk: libjvm's 20 MB take a second."""


@dataclass(slots=True)
class Binary:
    """One mapped file: how its offsets become addresses, and its symbols (None: it has none)."""

    name: str
    path: str = ""
    """as its process sees it; ``root`` leads us to the root of that process"""
    root: str = ""
    elf: Elf | None = None
    debug: Elf | None = None
    """the file with its debug information, where that is another one"""
    symbols: Any = None
    asked: bool = False
    go: GoTable | None = None
    lines: LineProgram | None = None
    more_asked: bool = False
    answers: dict[int, tuple[Frame, ...]] = field(default_factory=dict)

    def frames(self, at: int) -> tuple[Frame, ...]:
        """The frames at an address of the file, innermost first, looked up once."""
        found = self.answers.get(at)
        if found is None:
            found = self.answers[at] = _look_up(self, at)
        return found

    def close(self) -> None:
        for thing in (self.elf, self.debug, self.lines):
            if thing is not None:
                thing.close()


def _symbols(path: str) -> Any:
    """A table for look-ups by address; None when the file has no symbols at all."""
    from symbolic.debuginfo import Archive
    from symbolic.exceptions import SymbolicError
    from symbolic.symcache import SymCache

    try:
        thing = next(iter(Archive.open(path).iter_objects()), None)
        if thing is None:
            return None
        size = Path(path).stat().st_size
        if "debug" not in thing.features and size < _WORTH_KEEPING:
            return SymCache.from_object(thing)
        if "debug" in thing.features and size > _LARGEST_WITH_LINES:
            return None
        # (A file that was stripped has the same id, and other symbols.)
        kept = kept_file(thing.code_id or "", "symcache" if "debug" in thing.features else f"symbols{size}")
        if kept is None:
            return SymCache.from_object(thing)
        with contextlib.suppress(OSError, SymbolicError):
            return SymCache.open(str(kept))
        made = SymCache.from_object(thing)
        with contextlib.suppress(SymbolicError):
            keep(kept, made.dump_into)
        return made
    except (SymbolicError, OSError):
        return None


def _look_up(binary: Binary, at: int) -> tuple[Frame, ...]:
    # Addresses in symbol tables count from where the file wants its first segment.
    assert binary.elf is not None
    if not binary.asked:
        binary.asked = True
        _find_symbols(binary, binary.elf)
    base = binary.elf.segments[0].address & ~0xFFF if binary.elf.segments else 0
    places = binary.symbols.lookup(at - base) if binary.symbols is not None else []
    frames = tuple(
        Frame(
            kind=FrameKind.NATIVE,
            function=clean(fitting(_whole_name(place.symbol, binary.elf, at), LIMIT)),
            file=clean(place.full_path) if place.full_path else None,
            line=place.line or None,
            module=binary.name,
        )
        for place in places
    )
    if not frames or not frames[0].line:
        frames = _without_lines(binary, binary.elf, at, frames)
    return frames or (Frame(kind=FrameKind.NATIVE, function="[unknown]", module=binary.name),)


def _without_lines(binary: Binary, elf: Elf, at: int, frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """What is known of a place for which there is no ordinary debug information: by the table of a Go program, the
    lines of split units, or the name of the symbol that it lies in."""
    if not binary.more_asked:
        binary.more_asked = True
        with contextlib.suppress(ValueError):
            binary.go = GoTable(elf)
        with contextlib.suppress(ValueError, OSError):
            if elf.section(".debug_line") and elf.section(".debug_addr"):
                binary.lines = LineProgram(elf.path)
    if binary.go and (calls := binary.go.calls(at)):
        return tuple(_frame_of_go(call, call.function, binary.name) for call in calls)
    if binary.go and (place := binary.go.find(at)):
        into = Frame(kind=FrameKind.NATIVE, function=clean(place.function), module=binary.name)
        return (_frame_of_go(place, f"[inlined into {place.function}]", binary.name), into)
    # A symbol table that lost some of its names (a stripped file has only those that others use) would give the places
    # between to whoever comes before.
    if not frames or not any(table.is_in_symbol(at) for table in (elf, binary.debug) if table):
        name = picked_name(elf, at)
        return (Frame(kind=FrameKind.NATIVE, function=name, module=binary.name),) if name else ()
    if binary.lines:
        file, number = binary.lines.place(at)
        frames = (frames[0].model_copy(update={"file": clean(file) if file else None, "line": number}), *frames[1:])
    return frames


def _frame_of_go(place: Place, function: str, module: str) -> Frame:
    file = clean(place.file) if place.file else None
    return Frame(kind=FrameKind.NATIVE, function=clean(function), file=file, line=place.line, module=module)


def _find_symbols(binary: Binary, elf: Elf) -> None:
    """Those of the file itself; without lines in it, those of its debug file, where there is one."""
    if not elf.section(".debug_line"):
        binary.debug = find_debug_file(elf, binary.path, binary.root)
    if binary.debug is not None:
        binary.symbols = _symbols(binary.debug.path)
    binary.symbols = binary.symbols or _symbols(elf.path)


_COLD = ".cold"
_COPY = re.compile(r"(?:\.(?:constprop|isra|part|lto_priv|llvm|cold)(?:\.\d+)?)+$")
"""what compilers append to the name of a function of which they made a copy for a special case"""


def _whole_name(name: str | None, elf: Elf, at: int) -> str:
    """A compiler moves the unlikely half of a function away and calls it ``name.cold``. The debug information joins
    both halves, and the library may name the whole after whatever cold half begins at the same place: then the
    symbol table, which knows each half by its address, is asked."""
    if name and name.endswith(_COLD):
        name = elf.function_at(at) or name
    return demangled(_COPY.sub("", name)) if name else "[unknown]"
