"""How much of a thread's CPU time was JavaScript, and how much its collector?

V8 knows in which lines its samples fell, and not always how often: a thread that runs callbacks of setImmediate it may
take for idle, and then one in the few samples that are left is the collector's. The engine samples the thread from
outside: what it is at, by the native code on its stack, is the engine's to say.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from enum import StrEnum

from perfdoctor.collectors.backends.node.backend import TAKEN_FOR_IDLE
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.frame import FrameKind, Stack

COLLECTOR = "(garbage collector)"


class _Doing(StrEnum):
    """What a thread that runs JavaScript is at."""

    SCRIPT = "JavaScript, and what that asks of V8 and Node.js"
    COLLECTOR = "collecting garbage"
    LOOP = "anything else, most of it the event loop"


_ENOUGH_SAMPLES = 50
_COLLECTING = re.compile(
    r"(?:\S+ )?v8::internal::(?:Heap::(?:Collect|Perform|Scavenge|Mark|Start|Finalize|Evacuate)"
    r"|Scaveng|Mark|Sweep|Minor|Incremental|Evacuat|GCTracer)"
)
_SCRIPT = re.compile(r"\[anonymous memory\]|Builtins_|(?:\S+ )?v8::internal::")


def as_engine_saw(rows: Sequence[CpuRow], natives: Sequence[Stack]) -> list[CpuRow]:
    """V8's rows of a thread, each kind of which adds up to what the engine saw of that kind. (V8 knows lines; how often
    it takes a thread for idle that runs callbacks of setImmediate, or collects, is another matter.)"""
    seen = Counter(map(_doing, natives))
    if seen.total() < _ENOUGH_SAMPLES:
        return list(rows)
    kinds: dict[_Doing, list[CpuRow]] = defaultdict(list)
    for row in rows:
        collects = row.stack[:1] and row.stack[0].function == COLLECTOR
        script = _Doing.SCRIPT if is_in_a_line(row.stack) else _Doing.LOOP
        kinds[_Doing.COLLECTOR if collects else script].append(row)
    every = sum(row.seconds for row in rows)
    told = list[CpuRow]()
    rest = 0.0
    for kind, times in seen.items():
        should, have = every * times / seen.total(), sum(row.seconds for row in kinds[kind])
        rest += should if have <= 0 else 0.0
        told += (row.model_copy(update={"seconds": row.seconds * should / have}) for row in kinds[kind] if have > 0)
    if rest > 0 and told:
        # (what V8 has no sample of is nobody's line)
        told.append(told[0].model_copy(update={"stack": TAKEN_FOR_IDLE, "samples": 0, "seconds": rest}))
    return told


def _doing(native: Stack) -> _Doing:
    names = [frame.function for frame in native]
    if any(map(_COLLECTING.match, names)):
        return _Doing.COLLECTOR
    return _Doing.SCRIPT if any(map(_SCRIPT.match, names)) else _Doing.LOOP


def is_in_a_line(stack: Stack) -> bool:
    return any(frame.kind is FrameKind.JAVASCRIPT for frame in stack)
