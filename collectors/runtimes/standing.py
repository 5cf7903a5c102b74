"""The native stack of a thread that sleeps, from its stack pointer and instruction pointer: reads memory, stops nobody.

The callers are found by call frame information (``unwind.py``; x86-64). The frame pointer is not told by the kernel: it
is known from the first function on that saved it. Where one is needed before, the stack is searched for the pair of a
frame pointer and a return address, at most 512 bytes up.
"""

import struct
from bisect import bisect_right
from itertools import pairwise

from perfdoctor.collectors.host.base import Memory
from perfdoctor.collectors.runtimes.native import CUT, CodeMapping, NativeNames
from perfdoctor.collectors.runtimes.unwind import BY_FRAME, BY_STACK, NO_RULE, OUTERMOST, unwind_table
from perfdoctor.schemas.frame import Frame, Stack

_DEEPEST = 48
_SEARCHED = 512
_LARGEST_FRAME = 1 << 20


class NativeWalk:
    """Walks stacks of one process."""

    def __init__(self, memory: Memory, names: NativeNames) -> None:
        self._memory, self._names = memory, names
        self._code: list[CodeMapping] | None = None
        self._rows: dict[str, memoryview] = {}

    def stack(self, stack_pointer: int, instruction: int) -> Stack:
        """Innermost frame first; as far as it can be told: else CUT is the last."""
        frames: list[Frame] = list(self._names.frames(instruction, returns=False))
        at, sp, bp, whole = instruction, stack_pointer, 0, False
        for depth in range(_DEEPEST):
            rule = self._rule(at - (depth > 0))
            if rule & 7 == OUTERMOST:
                whole = True
                break
            try:
                step = self._up(rule, sp, bp)
            except (OSError, struct.error):
                break
            if step is None:
                break
            at, sp, bp = step
            named = self._names.frames(at, returns=True) if at else ()
            if not named or self._names.never_returned_to(at):
                whole = not at
                break
            frames.extend(named)
        while not whole and len(frames) > 1 and frames[-1].function == "[unknown]":
            frames.pop()
        return (*frames, CUT) if frames and not whole else tuple(frames)

    def _up(self, rule: int, sp: int, bp: int) -> tuple[int, int, int] | None:
        """(return address, stack pointer, frame pointer or 0) of the caller."""
        kind, offset, saved = rule & 7, rule & 0x7FFFF8, rule >> 23
        if kind == BY_STACK:
            cfa = sp + offset
        elif kind == BY_FRAME:
            bp = bp or self._search(sp)
            if not bp:
                return None
            cfa = bp + offset
        else:
            return None
        if not sp < cfa < sp + _LARGEST_FRAME:
            return None
        if saved:
            bp = self._word(cfa - 8 * saved)
        return self._word(cfa - 8), cfa, bp

    def _rule(self, at: int) -> int:
        if self._code is None:
            self._code = self._names.code()
        mapping = next((m for m in self._code if m.low <= at < m.high), None)
        if mapping is None:
            return NO_RULE
        rows = self._rows.get(mapping.path)
        if rows is None:
            table = unwind_table(mapping.path)
            bare = struct.pack("<2I", 0, BY_FRAME | 16 | 2 << 23) if table and table.keeps_frames else b""
            rows = self._rows[mapping.path] = memoryview(table.rows if table and table.rows else bare).cast("I")
        address = at - mapping.bias
        i = bisect_right(range(len(rows) // 2), address, key=lambda row: rows[2 * row]) - 1
        return rows[2 * i + 1] if i >= 0 else NO_RULE

    def _search(self, sp: int) -> int:
        """Where a frame pointer was saved just below a return address; 0: nowhere near."""
        words = struct.unpack(f"<{_SEARCHED // 8}Q", self._memory.read(sp, _SEARCHED))
        for i, (word, following) in enumerate(pairwise(words)):
            at = sp + 8 * i
            if at < word < at + _LARGEST_FRAME and word % 8 == 0 and self._names.follows_call(following):
                return at
        return 0

    def _word(self, at: int) -> int:
        return int(struct.unpack("<Q", self._memory.read(at, 8))[0])
