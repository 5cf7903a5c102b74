"""How does a process's memory move?"""

import contextlib

from perfdoctor.collectors.backends.proc import stat, status
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.processes.thinned import Thinned
from perfdoctor.collectors.trend import slope
from perfdoctor.schemas.memory import MemorySample, MemoryTrend
from perfdoctor.schemas.target import Target

_KEPT = 240
"""samples of a window; the trend takes time with the square of their number"""


class MemoryWatch:
    """Samples of a target's memory (its descendants included when it says so), one whenever ``sample`` is called.

    From /proc/PID/status and /proc/PID/stat, which every user may read; the target pays nothing.
    """

    def __init__(self, host: Host, target: Target) -> None:
        self._host, self._target = host, target
        self._samples: Thinned[MemorySample] = Thinned(_KEPT)
        self.last: MemorySample | None = None
        self._faults_before = self._faults_now = self._count_faults()

    def sample(self, at: float) -> None:
        """Read now; ``at`` is seconds since the window began. A target that has ended adds nothing."""
        rss = anonymous = swap = 0
        for pid in tree(self._host, self._target):
            with contextlib.suppress(OSError, ValueError):
                now = status.read(self._host, pid)
                rss, anonymous, swap = rss + now.rss, anonymous + now.anonymous, swap + now.swap
        if rss:
            self.last = MemorySample(at=at, rss=rss, anonymous=anonymous, swap=swap)
            self._samples.add(self.last)
            self._faults_now = self._count_faults()

    def trend(self) -> MemoryTrend:
        """What the samples say together. Faults are those up to the last sample."""
        samples = self._samples.all()
        moved = slope([s.at for s in samples], [float(s.anonymous + s.swap) for s in samples])
        minor, major = (max(0, now - then) for now, then in zip(self._faults_now, self._faults_before, strict=True))
        return MemoryTrend(
            samples=samples,
            bytes_per_second=moved.per_second,
            confidence=moved.growth,
            minor_faults=minor,
            major_faults=major,
        )

    def _count_faults(self) -> tuple[int, int]:
        """(minor, major) so far; those of children that have ended were added to their parents'."""
        minor = major = 0
        for pid in tree(self._host, self._target):
            with contextlib.suppress(OSError, ValueError):
                now = stat.read(self._host, pid)
                minor, major = minor + now.minor_faults, major + now.major_faults
                if self._target.children:
                    minor, major = minor + now.child_minor_faults, major + now.child_major_faults
        return minor, major
