"""With which arguments do the functions of a CPython process run? Read from the frames of its threads while it runs on,
as in tasks.py: every value may be torn, stale or a lie.

What arguments are is not kept, only whether they are the same as before: values (numbers, texts, bytes, tuples of them)
are compared by what they are, all else by where it lies.
"""

import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from perfdoctor.collectors.host.base import Memory
from perfdoctor.collectors.runtimes.python import PythonNames
from perfdoctor.collectors.runtimes.python_interpreter import Interpreter
from perfdoctor.collectors.runtimes.python_objects import BROKEN, Objects, TornError, kept_offsets
from perfdoctor.schemas.frame import Frame

VERSIONS = range(11, 14)
_DEPTH = 64
_MOST_THREADS = 32
_TELLING = 3
"""frames, from the inner end, by which it is told whether a thread went on: the same call with other variables did"""
_MOST_ARGUMENTS, _MOST_LOCALS = 32, 512
_MOST_ITEMS = 8
"""of a tuple that is looked into"""
_SHORT = 64
"""characters or bytes up to which a text may be the name of something; a longer one is there to be worked on"""
_LONGEST = 1 << 14
"""bytes of a text that are looked at"""
_SOON = 0.001
"""seconds after which what the frames of a thread say is old"""
_HEAD = 112
_FLAGS, _VARARGS, _VARKEYWORDS = 48, 4, 8
"""PyCodeObject.co_flags, and what it says of ``*args`` and ``**kwargs``"""
_ARGUMENTS, _KEYWORD_ONLY, _LOCALS = -16, -8, 4
"""co_argcount, co_kwonlyargcount and co_nlocalsplus, from co_firstlineno on: they stand in a row since 3.11"""
_KNOWN_BY_PLACE = frozenset(
    ("NoneType", "bool", "ellipsis", "type", "function", "module", "builtin_function_or_method", "EnumType")
)
"""of which there is one each, that stays what it is"""
_MOST_CODES = 1 << 14


class _Code(NamedTuple):
    arguments: int
    locals: int


class Text(NamedTuple):
    """Where a text lies, and what is the same for the same."""

    at: int
    same: int


class Given(NamedTuple):
    """The arguments of a call. ``objects``: some but the first lie where they lie, and may be others inside; ``own``:
    so does the first, mostly its ``self``. ``texts``: the long ones among them."""

    same: int
    own: bool
    objects: bool
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function that a thread was met in: ``code`` and ``instruction`` as in its frame. ``context`` is another for
    each call of it, by all that its callers had in their variables."""

    code: int
    instruction: int
    context: int
    locals: tuple[int, ...]
    frame: int
    read: float
    """when"""


class ArgumentReader:
    """Of one process, for the looks of one window."""

    def __init__(self, memory: Memory, names: PythonNames, interpreter: Interpreter) -> None:
        self._memory, self._names, self._layout = memory, names, interpreter.layout
        self._runtime = interpreter.runtime
        self._at = kept_offsets(interpreter.layout.minor)
        self._objects = Objects(memory, self._layout, self._at)
        self._codes: dict[int, _Code] = {}
        self._stood: dict[int, int] = {}
        """by thread: where the last look found it"""
        self._until = 0.0
        """when what is being read gets old: a target may have any number of texts to read"""

    def running(self) -> Iterator[tuple[int, list[Call]]]:
        """Of each thread that went on since the last look, its calls, innermost first. One of BROKEN where nothing can
        be read."""
        for number, (_, state) in enumerate(self._names.threads(self._runtime)):
            if number >= _MOST_THREADS:
                return
            try:
                calls = self._calls(state)
            except BROKEN:
                continue
            if calls:
                yield state, calls

    def _calls(self, state: int) -> list[Call]:
        at = self._objects.pointer(state + self._layout.thread_frame)
        if self._layout.minor < 13:
            at = self._objects.pointer(at + self._layout.cframe_frame) if at else 0
        found: list[tuple[int, int, tuple[int, ...], int]] = []
        began = time.monotonic()
        for _ in range(_DEPTH):
            if not at:
                break
            raw = self._memory.read(at, _HEAD)
            code, instruction, previous = (
                int(struct.unpack_from("<Q", raw, field)[0])
                for field in (self._layout.frame_code, self._layout.frame_instruction, self._layout.frame_previous)
            )
            if raw[self._layout.frame_owner] < self._layout.shim_owner:
                found.append((code, instruction, self._locals(at, raw, self._code(code)), at))
                if len(found) == _TELLING and self._stands(state, found):
                    return []
            at = previous
        if len(found) < _TELLING and self._stands(state, found):
            return []
        calls, context = list[Call](), state
        for code, instruction, variables, frame in reversed(found):
            calls.append(Call(code, instruction, context, variables, frame, began))
            context = hash((context, code, instruction, variables))
        calls.reverse()
        return calls

    def _stands(self, state: int, inner: list[tuple[int, int, tuple[int, ...], int]]) -> bool:
        """Whether a thread is where the last look found it, with the same in its variables: it waits, or is in one long
        call of C."""
        now = hash(tuple(inner))
        before = self._stood.get(state)
        self._stood[state] = now
        return now == before

    def _locals(self, at: int, raw: bytes, code: _Code) -> tuple[int, ...]:
        begin, end = self._at.frame_locals, self._at.frame_locals + 8 * code.locals
        whole = raw if end <= len(raw) else self._memory.read(at, end)
        return struct.unpack_from(f"<{code.locals}Q", whole, begin)

    def _code(self, at: int) -> _Code:
        known = self._codes.get(at)
        if known is None:
            first = self._layout.code_firstlineno
            raw = self._memory.read(at + _FLAGS, first + _LOCALS + 4 - _FLAGS)

            def number(place: int) -> int:
                return int(struct.unpack_from("<i", raw, place - _FLAGS)[0])

            flags = number(_FLAGS)
            arguments = number(first + _ARGUMENTS) + number(first + _KEYWORD_ONLY)
            arguments += bool(flags & _VARARGS) + bool(flags & _VARKEYWORDS)
            known = _Code(arguments, number(first + _LOCALS))
            if not 0 <= known.arguments <= known.locals <= _MOST_LOCALS or known.arguments > _MOST_ARGUMENTS:
                raise TornError("not a code object")
            if len(self._codes) < _MOST_CODES:
                self._codes[at] = known
        return known

    def frame(self, call: Call) -> Frame | None:
        return self._names.frame(call.code, call.instruction)

    def given(self, call: Call) -> Given:
        """One of BROKEN where that is gone."""
        self._until = call.read + _SOON
        parts, own, objects, texts = [], False, False, list[Text]()
        for number, at in enumerate(call.locals[: self._code(call.code).arguments]):
            same, is_value = self._argument(at, texts)
            parts.append(same)
            own = own or (number == 0 and not is_value)
            objects = objects or (number > 0 and not is_value)
        self._check(call)
        return Given(hash(tuple(parts)), own, objects, tuple(texts))

    def is_still(self, text: Text) -> bool:
        """Whether a text lies where it lay: somebody keeps it."""
        self._until = time.monotonic() + _SOON
        try:
            return self._argument(text.at, [])[0] == text.same
        except BROKEN:
            return False

    def _check(self, call: Call) -> None:
        """Whether what was read is of one call: the next one's numbers may lie where the last one's did."""
        arguments = self._code(call.code).arguments
        raw = self._memory.read(call.frame + self._at.frame_locals, 8 * arguments) if arguments else b""
        code = self._objects.pointer(call.frame + self._layout.frame_code)
        same = code == call.code and struct.unpack(f"<{arguments}Q", raw) == call.locals[:arguments]
        if not same or time.monotonic() > self._until:
            raise TornError("it went on meanwhile")

    def _argument(self, at: int, texts: list[Text], depth: int = 0) -> tuple[int, bool]:
        """What is the same for the same, and whether it is a value. Long texts are added to ``texts``."""
        if not at:
            return 0, True  # (deleted)
        kind = self._objects.type_of(at)
        if kind == "cell" and depth == 0:
            return self._argument(self._objects.pointer(at + 16), texts, 1)
        if kind in _KNOWN_BY_PLACE:
            return at, True
        if kind in ("int", "float"):
            size, digits = struct.unpack("<QQ", self._memory.read(at + 16, 16))
            if kind == "float":
                return hash((kind, size)), True
            count = size >> 3 if self._layout.minor >= 12 else size & 0xFF
            return hash((kind, size, digits if count > 1 else digits & 0xFFFFFFFF)), True
        if kind in ("str", "bytes"):
            return self._text(at, texts) if kind == "str" else self._bytes(at, texts), True
        if kind == "tuple" and depth < 2:
            return self._tuple(at, texts, depth)
        if kind in ("dict", "list") and not self._objects.signed(at + 16):
            return hash(kind), True  # (an empty one, which stands where nothing was given)
        return at, False

    def _text(self, at: int, texts: list[Text]) -> int:
        length = self._objects.signed(at + self._layout.unicode_length)
        (state,) = struct.unpack("<I", self._memory.read(at + self._layout.unicode_state, 4))
        width, is_ascii = state >> 2 & 7, state >> 6 & 1
        if width not in (1, 2, 4):
            raise TornError("not a string")
        data = self._layout.ascii_data if is_ascii else self._layout.compact_data
        return self._content(at, at + data, length * width, texts)

    def _bytes(self, at: int, texts: list[Text]) -> int:
        size = self._objects.signed(at + self._layout.bytes_size)
        return self._content(at, at + self._layout.bytes_data, size, texts)

    def _content(self, at: int, data: int, size: int, texts: list[Text]) -> int:
        if not 0 <= size < 1 << 40 or time.monotonic() > self._until:
            raise TornError("not a text, or one too many")
        said = self._memory.read(data, min(size, _LONGEST)) if size else b""
        same = hash((size, said, at if size > _LONGEST else 0))
        if size > _SHORT:
            texts.append(Text(at, same))
        return same

    def _tuple(self, at: int, texts: list[Text], depth: int) -> tuple[int, bool]:
        size = self._objects.signed(at + 16)
        if not 0 <= size <= _MOST_ITEMS:
            return at, False
        items = struct.unpack(f"<{size}Q", self._memory.read(at + 24, 8 * size)) if size else ()
        parts = [self._argument(item, texts, depth + 1) for item in items]
        return hash(tuple(part[0] for part in parts)), all(part[1] for part in parts)
