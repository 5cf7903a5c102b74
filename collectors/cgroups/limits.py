"""What do the control groups of a process allow it, and what did they do to it in a window?"""

import contextlib
from dataclasses import dataclass, field

from perfdoctor.collectors.cgroups.where import Group, Groups, groups_of
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.limits import Limits

_PARTS = ("anon", "file", "shmem", "slab", "sock", "kernel_stack", "pagetables")
_PARTS_1 = {"total_rss": "anon", "total_cache": "file", "total_shmem": "shmem"}
"""version 1 has other names for them, and counts its subgroups in under total_"""
_NO_LIMIT = 1 << 62
"""version 1 writes the largest multiple of a page instead of "max"."""
_MOST_LINES = 16


@dataclass(slots=True)
class _Reading:
    """``counters`` by (what, folder), from the groups' beginning. The rest as it is now."""

    counters: dict[tuple[str, str], int] = field(default_factory=dict)
    limits: dict[str, tuple[float, Group]] = field(default_factory=dict)
    throttling: list[Group] = field(default_factory=list)


class LimitsMeter:
    """Looks at a process's control groups when it is made and at the end. Reads a dozen small files each time, of no
    cost to the target. Blocking: call it in a worker thread."""

    def __init__(self, host: Host, pid: int) -> None:
        self._host = host
        try:
            self._groups: Groups | None = groups_of(host, pid)
        except OSError:
            self._groups = None
        self._before = self._read()

    def limits(self) -> Limits | None:
        """What holds now, and what happened since the beginning. None where no control group can be seen, and of a
        process in the root group, which nothing limits."""
        groups = self._groups
        if groups is None:
            return None
        line = self._line(groups, "memory") or self._line(groups, "cpu") or self._line(groups, "pids")
        now = self._read()
        if not line or (line[0].path == "/" and not now.limits):
            return None
        limits = {name: value for name, (value, _) in now.limits.items()}
        at = now.limits["memory"][1] if "memory" in now.limits else line[0]
        stat = self._table(at, "memory.stat")
        pids = now.limits["pids"][1] if "pids" in now.limits else None
        return Limits(
            version=_version(groups),
            group=clean(line[0].path),
            cpu=limits.get("cpu"),
            **self._throttled(now),
            memory=_whole(limits.get("memory")),
            memory_high=_whole(limits.get("memory_high")),
            memory_used=self._number(at, "memory.current", "memory.usage_in_bytes"),
            memory_inactive=stat.get("total_inactive_file", stat.get("inactive_file")),
            memory_hits=self._grown(now, "hits"),
            oom_kills=self._grown(now, "kills"),
            swap=_whole(limits.get("swap")),
            pids=_whole(limits.get("pids")),
            pids_used=self._number(pids, "pids.current") if pids else None,
            io=self._io(groups),
            parts=self._parts(line[0]),
            set_by={name: clean(group.path) for name, (_, group) in now.limits.items()},
        )

    def _read(self) -> _Reading:
        reading = _Reading()
        groups = self._groups
        if groups is None:
            return reading
        for group in self._line(groups, "memory"):
            self._read_memory(group, reading)
        for group in self._line(groups, "memory")[:1]:
            # Counted where the victim lived: what happened in a neighbour's group is none of ours.
            events = self._table(group, "memory.events") or self._table(group, "memory.oom_control")
            if "oom_kill" in events:
                reading.counters["kills", group.folder] = events["oom_kill"]
        for group in self._line(groups, "cpu"):
            self._read_cpu(group, reading)
        for group in self._line(groups, "pids"):
            self._tighten(reading, "pids", group, self._number(group, "pids.max"))
        return reading

    def _line(self, groups: Groups, controller: str) -> tuple[Group, ...]:
        return groups.version_1.get(controller) or groups.unified

    def _read_memory(self, group: Group, reading: _Reading) -> None:
        self._tighten(reading, "memory", group, self._number(group, "memory.max", "memory.limit_in_bytes"))
        self._tighten(reading, "memory_high", group, self._number(group, "memory.high"))
        self._tighten(reading, "swap", group, self._number(group, "memory.swap.max"))
        # Those of this group's own limits; without .local (before Linux 5.2) the subgroups' are among them.
        events = self._table(group, "memory.events.local") or self._table(group, "memory.events")
        hits = [events[name] for name in ("max", "high") if name in events]
        if (failed := self._number(group, "memory.failcnt")) is not None:
            hits.append(failed)
        if hits:
            reading.counters["hits", group.folder] = sum(hits)

    def _read_cpu(self, group: Group, reading: _Reading) -> None:
        cores = None
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            # cpu.max of version 2: 50000 100000, or: max 100000
            quota, period = self._text(group, "cpu.max").split()[:2]
            cores = None if quota == "max" else int(quota) / int(period)
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            granted = int(self._text(group, "cpu.cfs_quota_us"))
            cores = granted / int(self._text(group, "cpu.cfs_period_us")) if granted > 0 else None
        self._tighten(reading, "cpu", group, cores)
        happened = self._table(group, "cpu.stat")
        if cores is None or "nr_periods" not in happened:
            return
        reading.throttling.append(group)
        micro = happened.get("throttled_usec", happened.get("throttled_time", 0) // 1000)
        reading.counters["periods", group.folder] = happened["nr_periods"]
        reading.counters["throttled", group.folder] = happened.get("nr_throttled", 0)
        reading.counters["micro", group.folder] = micro

    def _throttled(self, now: _Reading) -> dict[str, float]:
        """Of the group that held it back longest."""

        def grown(what: str, group: Group) -> int:
            key = what, group.folder
            return max(0, now.counters.get(key, 0) - self._before.counters.get(key, now.counters.get(key, 0)))

        if not now.throttling:
            return {}
        worst = max(now.throttling, key=lambda group: (grown("micro", group), grown("throttled", group)))
        share = grown("throttled", worst) / max(1, grown("periods", worst))
        return {"throttled_share": min(1.0, share), "throttled_seconds": grown("micro", worst) / 1e6}

    def _grown(self, now: _Reading, what: str) -> int | None:
        """Over all groups; None where none counts it."""
        grown = [value - self._before.counters.get(key, value) for key, value in now.counters.items() if key[0] == what]
        return max(0, sum(grown)) if grown else None

    @staticmethod
    def _tighten(reading: _Reading, what: str, group: Group, limit: float | None) -> None:
        """The innermost of equal limits is the one that says who set it."""
        if limit is not None and limit < _NO_LIMIT and (what not in reading.limits or limit < reading.limits[what][0]):
            reading.limits[what] = limit, group

    def _io(self, groups: Groups) -> tuple[str, ...]:
        lines: list[str] = []
        for group in self._line(groups, "io"):
            with contextlib.suppress(OSError):
                lines += [clean(line, 120) for line in self._text(group, "io.max").split("\n") if line.strip()]
        for group in groups.version_1.get("blkio", ()):
            for what in ("read_bps", "write_bps", "read_iops", "write_iops"):
                with contextlib.suppress(OSError):
                    text = self._text(group, f"blkio.throttle.{what}_device")
                    lines += [f"{clean(line, 90)} ({what})" for line in text.split("\n") if line.strip()]
        return tuple(lines[:_MOST_LINES])

    def _parts(self, group: Group) -> dict[str, int]:
        found = self._table(group, "memory.stat")
        if "total_rss" in found:
            return {ours: found[theirs] for theirs, ours in _PARTS_1.items() if theirs in found}
        return {name: found[name] for name in _PARTS if name in found}

    def _table(self, group: Group, file: str) -> dict[str, int]:
        # nr_throttled 17
        try:
            lines = self._text(group, file).split("\n")
        except OSError:
            return {}
        found = {}
        for words in map(str.split, lines):
            with contextlib.suppress(ValueError, IndexError):
                found[words[0]] = int(words[1])
        return found

    def _number(self, group: Group, *files: str) -> int | None:
        """Of the first of these files that is there; None for "max"."""
        for file in files:
            with contextlib.suppress(OSError, ValueError):
                return int(self._text(group, file))
        return None

    def _text(self, group: Group, file: str) -> str:
        return self._host.read_file(f"{group.folder}/{file}", 1 << 16).decode("ascii", "replace").strip()


def _version(groups: Groups) -> str:
    if not groups.version_1:
        return "v2"
    return "hybrid" if groups.unified else "v1"


def _whole(limit: float | None) -> int | None:
    return None if limit is None else int(limit)
