"""How far has the work of a window come, some times a second? Tables and clocks are read: the target pays nothing."""

import contextlib
from struct import Struct

from perfdoctor.collectors.backends.bpf import decode
from perfdoctor.collectors.backends.bpf.engine import Engine
from perfdoctor.collectors.exact_cpu import CpuWatch
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.network_calls import ACCEPT, KINDS, RECEIVE
from perfdoctor.collectors.processes.thinned import Thinned
from perfdoctor.collectors.syscall_names import name_of
from perfdoctor.schemas.pace import PaceReading
from perfdoctor.schemas.target import Target

_KEPT = 240
_LEAST = 0.05
"""seconds of a block: a shorter one has no more than a few events"""
_BEGINNING = Struct("<5Q")
"""of a call's value: calls, errors, empty, unfinished, bytes"""


class Pace:
    """Readings of one window. What one of them could not see, the next one has: they are sums since the beginning."""

    def __init__(self, host: Host, target: Target, engine: Engine) -> None:
        self._engine = engine
        self._cpu = CpuWatch(host, target)
        self._host = host
        self._sockets: dict[tuple[int, int], bool] = {}
        self._readings: Thinned[PaceReading] = Thinned(_KEPT)
        self._kinds: dict[int, int | None] = {}
        self._last = 0.0

    def begin(self) -> None:
        self._cpu.begin()
        self._readings.add(PaceReading(at=0.0))

    def read(self, at: float) -> None:
        """Now, ``at`` seconds after the window began; not if the last reading has only just been."""
        if at - self._last < _LEAST:
            return
        self._last = at
        with contextlib.suppress(OSError):
            self._cpu.look()
            calls = moved = accepted = received = 0
            by_call: dict[int, int] = {}
            for (_, thing, pid, call), (ended, errors, empty, _, size) in self._engine.calls_in_short(_BEGINNING):
                calls += ended
                moved += size
                by_call[call] = by_call.get(call, 0) + ended
                kind = self._kind(call)
                if kind == ACCEPT:
                    accepted += ended - errors
                elif kind == RECEIVE and (name_of(call).startswith("recv") or self._is_socket(pid, thing)):
                    received += max(0, ended - errors - empty)
            self._engine.by_call = by_call
            self._readings.add(
                PaceReading(
                    at=at,
                    cpu_seconds=self._cpu.seconds,
                    calls=calls,
                    bytes=moved,
                    accepted=accepted,
                    received=received,
                    requests=self._engine.requests_so_far(),
                )
            )

    def readings(self) -> tuple[PaceReading, ...]:
        return self._readings.all()

    def _kind(self, call: int) -> int | None:
        if call not in self._kinds:
            self._kinds[call] = KINDS.get(name_of(call))
        return self._kinds[call]

    def _is_socket(self, pid: int, thing: int) -> bool:
        if thing & decode.IS_PATH or not thing & decode.IS_FD:
            return False
        at = pid, thing & 0xFFFFFFFF
        known = self._sockets.get(at)
        if known is None:
            try:
                link = self._host.read_link(f"/proc/{pid}/fd/{at[1]}")
            except OSError:  # closed by now; the next connection may be open when we look
                return self._engine.was_open.get(at, "").startswith("socket:")
            known = self._sockets[at] = link.startswith("socket:")
        return known
