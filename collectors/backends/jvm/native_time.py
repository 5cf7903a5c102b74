"""How much of a Java thread's CPU time is native code, and which method called it?

Flight Recorder cannot tell: it finds a thread in native code, and not whether it works or sleeps there. The engine's
samples of the same time can: they are taken of running threads only, and fell into a library, or into code that the
machine made.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.frame import Frame, Stack

_NEUTRAL = ("libjvm.so", "libc.so", "libc-", "libm.so", "libm-", "libpthread", "ld-", "ld.so")
"""libraries that the machine works in for Java itself (to allocate, to compile): they do not make it a native method"""


_JUMPED_TO = {
    "readSingle": ("read0", "read"),
    "writeSingle": ("write0", "write"),
    "fileOpen": ("open0", "open"),
}
"""functions of libjava that implement a method of another name, which only jumps to them (OpenJDK's io_util.c)"""


@dataclass(slots=True)
class Ran:
    """The engine's samples of the threads of one name. ``native[stack]`` are the frames of libraries, innermost first,
    above the code that the machine made; ``java`` are those without."""

    java: int = 0
    native: Counter[Stack] = field(default_factory=Counter)

    @property
    def native_share(self) -> float:
        taken = self.java + self.native.total()
        return self.native.total() / taken if taken else 0.0


def by_thread(rows: Iterable[CpuRow], pid: int) -> dict[str, Ran]:
    """By the name of the thread. What the machine did itself meanwhile is neither, and spread over both."""
    found: defaultdict[str, Ran] = defaultdict(Ran)
    for row in rows:
        if row.pid != pid or not row.stack:
            continue
        above = _above(row.stack)
        if not above:
            found[row.thread].java += row.samples
        elif any(not _neutral(frame) for frame in above):
            found[row.thread].native[above] += row.samples
    return dict(found)


def _above(stack: Stack) -> Stack:
    for at, frame in enumerate(stack):
        if frame.module is None and frame.function != "[vdso]":
            return stack[:at]
    return stack


def _neutral(frame: Frame) -> bool:
    return frame.module is None or PurePath(frame.module).name.startswith(_NEUTRAL)


def placed(ran: Ran, seen: Mapping[Stack, int]) -> tuple[dict[Stack, float], dict[Stack, int]]:
    """The native samples by stack of Java, where one was ``seen`` in the native method that was sampled, in the
    proportion in which they were seen; and those for which none was seen, by their native stack."""
    methods: defaultdict[str, dict[Stack, int]] = defaultdict(dict)
    for stack, taken in seen.items():
        if stack:
            methods[stack[0].function][stack] = taken
    inside: dict[Stack, float] = {}
    without: dict[Stack, int] = {}
    for above, taken in ran.native.items():
        method = next((name for frame in above for name in methods if _implements(frame.function, name)), None)
        if method is None:
            without[above] = taken
            continue
        total = sum(methods[method].values())
        for stack, looks in methods[method].items():
            inside[stack] = inside.get(stack, 0.0) + taken * looks / total
    return inside, without


def _implements(function: str, method: str) -> bool:
    """Whether a native function is that method of Java (``java.util.zip.Deflater.deflateBytesBytes``): by the name that
    JNI gives it, or, where it was jumped to, by the method's own name."""
    if method.rpartition(".")[2] in (function, *_JUMPED_TO.get(function, ())):
        return True
    name = "Java_" + "".join(_mangled(letter) for letter in method)
    return function == name or function.startswith(name + "__")  # (… of several of one name, with its signature)


def _mangled(letter: str) -> str:
    # "Resolving Native Method Names" in the specification of JNI
    if letter == ".":
        return "_"
    if letter == "_":
        return "_1"
    return letter if letter.isascii() and letter.isalnum() else f"_0{ord(letter):04x}"
