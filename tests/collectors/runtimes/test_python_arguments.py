"""Frames of a process that lies: whatever its memory says, a look ends soon, and raises what it may."""

import contextlib
import random
import struct
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from perfdoctor.collectors.runtimes.python import PythonNames
from perfdoctor.collectors.runtimes.python_arguments import VERSIONS, ArgumentReader
from perfdoctor.collectors.runtimes.python_interpreter import Interpreter
from perfdoctor.collectors.runtimes.python_layout import kept_layout
from perfdoctor.collectors.runtimes.python_objects import BROKEN

KEPT = st.sampled_from([minor for minor in VERSIONS if minor < 13])  # (3.13 says its layout itself)


class Lies:
    """Memory with something everywhere: pointers into itself, small numbers, names of types, or nothing."""

    NAMES = (b"str\0", b"int\0", b"tuple\0", b"dict\0", b"code\0", b"bytes\0", b"cell\0", b"function\0")

    def __init__(self, seed: int, holes: float) -> None:
        self.seed, self.holes, self.reads, self.size = seed, holes, 0, 0

    def read(self, address: int, size: int) -> bytes:
        self.reads += 1
        self.size += size
        chance = random.Random(self.seed * 1_000_003 + address)
        if chance.random() < self.holes:
            raise OSError("nothing there")
        if size == 64 or chance.random() < 0.1:
            return chance.choice(self.NAMES).ljust(size, b"\0")[:size]
        words = [
            chance.choice((0, 1, 2, 7, 1 << 13, 1 << 40, 4096 + 8 * chance.randrange(1 << 12)))
            for _ in range(size // 8 + 1)
        ]
        return struct.pack(f"<{len(words)}Q", *words)[:size]

    def close(self) -> None:
        pass


@settings(max_examples=150, deadline=None)
@given(KEPT, st.integers(0, 1 << 30), st.sampled_from([0.0, 0.05, 0.3]))
def test_a_look_at_lies_ends(minor: int, seed: int, holes: float) -> None:
    memory = Lies(seed, holes)
    layout = kept_layout(minor)
    reader = ArgumentReader(memory, PythonNames(memory, layout), Interpreter(f"3.{minor}", 4096, 0, layout))
    began = time.monotonic()
    with contextlib.suppress(*BROKEN):
        for number, (_, calls) in enumerate(reader.running()):
            for call in calls:
                with contextlib.suppress(*BROKEN):
                    for text in reader.given(call).texts:
                        reader.is_still(text)
            assert number < 32
    assert time.monotonic() - began < 20
    assert memory.size < 1 << 28
