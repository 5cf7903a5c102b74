"""Looks at the interpreter lock from outside, some hundred times a second: who holds it, and at which line."""

import struct
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from perfdoctor.collectors.backends.bpf.names import ProcessNames
from perfdoctor.collectors.host.base import Host, Memory
from perfdoctor.collectors.runtimes.gil import Gil, find_gil
from perfdoctor.collectors.runtimes.python import PythonNames
from perfdoctor.schemas.frame import Stack

HZ = 500
_LINE_EVERY = 5
"""looks between two that also read the holder's stack: it takes a dozen reads"""


@dataclass(slots=True)
class WatchedGil:
    """What was seen of one process: looks, those that found it held, and by which thread (its own number of it)."""

    gil: Gil
    samples: int = 0
    held: int = 0
    holders: Counter[int] = field(default_factory=Counter)
    lines: dict[int, Counter[Stack]] = field(default_factory=dict)
    ended: bool = False


class GilWatch:
    """Only reads. A thread of ours looks; ``stop`` ends it. ``unknown`` are interpreters whose lock was not found."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._memories: dict[int, tuple[Memory, PythonNames]] = {}
        self.seen: dict[int, WatchedGil] = {}
        self.unknown: list[int] = []
        self.began = self.seconds = 0.0

    def start(self, names: Mapping[int, ProcessNames]) -> None:
        self._adopt(names)
        self.began = time.monotonic()
        self._thread = threading.Thread(target=self._look, name="gil-watch", daemon=True)
        self._thread.start()

    def tick(self, names: Mapping[int, ProcessNames]) -> None:
        """Processes may have come."""
        self._adopt(names)

    def stop(self) -> None:
        """Idempotent."""
        self._over.set()
        if self._thread:
            self._thread.join()
            self._thread = None
            self.seconds = time.monotonic() - self.began
        for memory, _ in self._memories.values():
            memory.close()
        self._memories = {}

    def _adopt(self, names: Mapping[int, ProcessNames]) -> None:
        for pid, process in list(names.items()):
            if process.interpreter is None or pid in self.seen or pid in self.unknown or self._over.is_set():
                continue
            try:
                memory = self._host.memory(pid)
            except OSError:
                self.unknown.append(pid)
                continue
            gil = None
            with suppress(OSError, struct.error, KeyError):
                gil = find_gil(process.interpreter, memory)
            if gil is None:
                memory.close()
                self.unknown.append(pid)
                continue
            self._memories[pid] = memory, PythonNames(memory, process.interpreter.layout)
            self.seen[pid] = WatchedGil(gil)

    def _look(self) -> None:
        turn = 0
        while not self._over.wait(1 / HZ):
            turn += 1
            for pid, watched in list(self.seen.items()):
                if not watched.ended:
                    try:
                        self._look_at(pid, watched, lines=turn % _LINE_EVERY == 0)
                    except (OSError, struct.error, ValueError):
                        watched.ended = True

    def _look_at(self, pid: int, watched: WatchedGil, *, lines: bool) -> None:
        memory, names = self._memories[pid]
        state = watched.gil.holder(memory)
        watched.samples += 1
        if state is None:
            return
        watched.held += 1
        tid = 0
        with suppress(OSError):  # the thread may just have ended
            tid = names.native_id(state)
        watched.holders[tid] += 1
        if lines:
            with suppress(OSError, struct.error, ValueError):
                # (the frames move while they are read: now and then a stack is torn)
                watched.lines.setdefault(tid, Counter())[names.stack(state)] += 1
