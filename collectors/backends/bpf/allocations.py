"""allocations.bpf.c's other half: where its probes go, when they have cost enough, and what their tables say."""

import re
import struct
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from perfdoctor.collectors.backends.bpf.engine import Engine, Seen
from perfdoctor.collectors.backends.bpf.part import Part
from perfdoctor.collectors.backends.bpf.programs import Programs, Table
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.runtimes.allocators import NAMES, Function, find_allocator
from perfdoctor.collectors.runtimes.which import runtime_of
from perfdoctor.schemas.allocations import AllocationProfile, AllocationRow, Allocator, Mode
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.problem import ProblemError

BLOCK_KEY = struct.Struct("<QII")
BLOCK = struct.Struct("<3QII")
SITE_KEY = struct.Struct("<QII")
SITE = struct.Struct("<8Q32I40I")
_SIZES, _LIVES = 32, 40
_TALLIES = ("events", "unknown_frees", "full", "failed")
_NAME_SHIFT = 8
_BEGINS, _ENDS, _FREED = "allocation_begins", "allocation_ends", "block_is_freed"
NS_PER_EVENT = 4500
"""What one entry, return or free adds to the target's time (bench/memory.py): nine tenths of it is the trap."""
MOST_EVENTS = 2_000_000
MOST_SHARE = 0.5
_JUDGED_AFTER = 0.5
"""seconds of a window before its share is judged: a burst at the start is no rate"""
_SETTLED_NS = 50_000_000
"""A forked process is probed when it has lived this long: most execute another program, or end, before."""
_MOST_PROCESSES = 64
_DEADLY_FROM, _SAFE_AGAIN_FROM = (6, 11), (6, 14)
_NS = 1e-9


@dataclass(slots=True)
class _Site:
    """A site's account, and what of it is still there."""

    sums: list[int] = field(default_factory=lambda: [0] * (8 + _SIZES + _LIVES))
    outstanding: int = 0
    outstanding_bytes: int = 0
    survivors: int = 0
    thirds: list[int] = field(default_factory=lambda: [0, 0, 0])
    oldest_born: int = 0

    def add(self, value: tuple[int, ...]) -> None:
        largest = max(self.sums[7], value[7])
        self.sums = [a + b for a, b in zip(self.sums, value, strict=True)]
        self.sums[7] = largest


class AllocationsPart(Part):
    """``most_events`` traps, or more than ``most_share`` of a core's time spent in them, end the window early."""

    source = "allocations"
    unattached = (_BEGINS, _ENDS, _FREED)

    def __init__(
        self, host: Host, mode: Mode, *, most_events: int = MOST_EVENTS, most_share: float = MOST_SHARE
    ) -> None:
        self._host, self._mode = host, mode
        self._most_events, self._most_share = most_events, most_share
        self._made: Programs | None = None
        self._maps: dict[str, Table] = {}
        self._probed: set[tuple[int, tuple[int, int], int]] = set()
        self._replaced: dict[int, int] = {}
        self._cpus = 1
        self._sites: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._blocks: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
        self.allocators: dict[int, Allocator] = {}
        self.without: dict[int, str] = {}
        """processes that are not probed, and why"""
        self.tallies = dict.fromkeys(_TALLIES, 0)
        self.missed = 0

    def configure(self, made: Programs) -> None:
        made.probe_at_once(self.unattached)

    # -- the probes ------------------------------------------------------------------------------------------------

    def start(self, engine: Engine, made: Programs) -> None:
        self._made = made
        self._cpus = engine.cpus
        for name, key, value in (
            ("blocks", BLOCK_KEY.size, BLOCK.size),
            ("sites", SITE_KEY.size, SITE.size),
            ("tallies", 4, 8),
        ):
            self._maps[name] = made.map(name, key, value)
        for pid in engine.lives.names:
            self._probe(pid)
        if not self.allocators:
            why = next(iter(self.without.values()), "the process has ended.")
            raise ProblemError(
                "The allocator of this process cannot be probed.",
                why,
                "Ask trace-memory with mode=growth: page faults by line need no allocator.",
            )

    def introduce(self, engine: Engine, made: Programs, pid: int) -> None:
        """What it had allocated went with the program that it was."""
        # (not the time now: it is introduced again, while it may still turn out to be an interpreter)
        self._replaced[pid] = engine.lives.names[pid].executed
        self._probe(pid)

    def _probe(self, pid: int) -> None:
        """Attach to every function of this process's allocator; what cannot be is kept in ``without``."""
        if len(self.allocators) >= _MOST_PROCESSES:
            self.without[pid] = f"{_MOST_PROCESSES} processes are probed already."
            return
        try:
            if runtime_of(self._host, pid) == "go":
                self.without[pid] = (
                    "It is a Go program: Go allocates by itself, and moves its stacks, which a probe on a function's "
                    "return would break."
                )
                return
            if _returns_are_deadly(self._host, pid):
                self.without[pid] = (
                    "A seccomp filter confines it, and this kernel (6.11 to 6.13) makes a system call at each probed "
                    "return, which the filter may punish. Linux 6.14 lets it pass."
                )
                return
            functions = find_allocator(self._host, pid, python=self._mode is Mode.OBJECTS)
        except OSError as error:
            self.without[pid] = f"it cannot be inspected: {error.strerror or error}."
            return
        if not functions:
            self.without[pid] = "none of its files has a symbol named malloc: it is linked statically and stripped."
            return
        try:
            self._attach(pid, functions)
        except OSError as error:
            self.without[pid] = str(error)[:300]
            return
        library = next(f.library for f in functions)
        self.allocators[pid] = Allocator(pid=pid, library=library, functions=tuple(f.name for f in functions))

    def _attach(self, pid: int, functions: Sequence[Function]) -> None:
        """The returns before the entries: an entry that was seen is then always seen to return."""
        assert self._made is not None
        files: defaultdict[str, list[Function]] = defaultdict(list)
        for function in functions:
            if (pid, function.file, function.offset) not in self._probed:
                # (else the kernel kept the probe when the process executed a program with the same library)
                files[function.path].append(function)
                self._probed.add((pid, function.file, function.offset))
        for path, here in files.items():
            for program, returns, frees in ((_FREED, False, True), (_ENDS, True, False), (_BEGINS, False, False)):
                cookies = [(f.offset, NAMES.index(f.name) << _NAME_SHIFT | f.takes) for f in here if f.frees == frees]
                if cookies:
                    self._made.attach_uprobes(program, path, cookies, pid=pid, returns=returns)

    # -- while it runs ---------------------------------------------------------------------------------------------

    def tick(self, engine: Engine) -> None:
        now = time.monotonic_ns()
        for pid, life in list(engine.lives.children.items()):  # (drain adds to them in its thread)
            new = pid not in self.allocators and pid not in self.without
            if new and not life.ended and not life.program and now - life.began > _SETTLED_NS:
                self._probe(pid)
        self._read_tallies()
        events, seconds = self.tallies["events"], (now - engine.began_ns) * _NS
        share = events * NS_PER_EVENT * _NS / seconds if seconds > 0 else 0.0
        if events >= self._most_events:
            self.enough = f"the budget of {self._most_events:,} probed calls was used up"
        elif seconds > _JUDGED_AFTER and share > self._most_share:
            self.enough = f"the probes took about {share:.0%} of a core, more than the {self._most_share:.0%} allowed"

    def so_far(self) -> str:
        return f"{self.tallies['events']:,} probed calls of the allocator"

    def _read_tallies(self) -> None:
        for i, name in enumerate(_TALLIES):
            raw = self._maps["tallies"].get(i.to_bytes(4, "little"), 8 * self._cpus) or b""
            self.tallies[name] = sum(int.from_bytes(raw[j : j + 8], "little") for j in range(0, len(raw), 8))

    # -- the account -----------------------------------------------------------------------------------------------

    def finish(self, engine: Engine, seen: Seen) -> None:
        self._read_tallies()
        assert self._made is not None
        self.missed = sum(self._made.missed(name) for name in self.unattached)
        self._sites = {SITE_KEY.unpack(key): SITE.unpack(value) for key, value in self._maps["sites"].items()}
        self._blocks = [(BLOCK_KEY.unpack(key), BLOCK.unpack(value)) for key, value in self._maps["blocks"].items()]

    def evidence(self, engine: Engine, seen: Seen) -> dict[str, object]:
        sites: defaultdict[tuple[int, int, Stack], _Site] = defaultdict(_Site)
        for (stack, pid, function), value in self._sites.items():
            sites[pid, function, engine.stacks.of(stack)].add(value)
        length = max(1, engine.ended_ns - engine.began_ns)
        for (_, process, _), (stack, size, born, pid, function) in self._blocks:
            if born < self._replaced.get(process, 0):
                continue
            site = sites[pid, function, engine.stacks.of(stack)]
            site.outstanding += 1
            site.outstanding_bytes += size
            site.oldest_born = min(site.oldest_born or born, born)
            in_third = min(2, max(0, 3 * (born - engine.began_ns) // length))
            site.survivors += in_third == 0
            site.thirds[in_third] += size
        rows = [_row(key, site, engine.ended_ns) for key, site in sites.items() if site.sums[0]]
        rows.sort(key=lambda row: (-row.outstanding_bytes, -row.bytes, -row.calls, row.pid, row.function))
        profile = AllocationProfile(
            mode=self._mode,
            allocators=tuple(self.allocators.values()),
            rows=tuple(rows),
            unknown_frees=self.tallies["unknown_frees"],
            failed=self.tallies["failed"],
            calls=sum(row.calls for row in rows),
            bytes=sum(row.bytes for row in rows),
            outstanding_bytes=sum(row.outstanding_bytes for row in rows),
            survivor_bytes=sum(row.survivor_bytes for row in rows),
        )
        return {"allocations": profile}


def _returns_are_deadly(host: Host, pid: int) -> bool:
    """On x86-64, Linux 6.11 replaced a probed return's trap by a system call; 6.14 keeps seccomp from judging it."""
    release = re.match(rb"(\d+)\.(\d+)", host.read_file("/proc/sys/kernel/osrelease", 64))
    version = (int(release[1]), int(release[2])) if release else (0, 0)
    # Seccomp:	2
    confined = re.search(rb"^Seccomp:\s*[12]", host.read_file(f"/proc/{pid}/status"), re.MULTILINE)
    return bool(confined) and _DEADLY_FROM <= version < _SAFE_AGAIN_FROM


def _row(key: tuple[int, int, Stack], site: _Site, now: int) -> AllocationRow:
    pid, function, stack = key
    calls, size, frees, freed_bytes, life_ns, forgotten, forgotten_bytes, largest = site.sums[:8]
    return AllocationRow(
        pid=pid,
        function=NAMES[function],
        stack=stack,
        calls=calls,
        bytes=size,
        frees=frees,
        freed_bytes=freed_bytes,
        outstanding=site.outstanding,
        outstanding_bytes=site.outstanding_bytes,
        survivors=site.survivors,
        survivor_bytes=site.thirds[0],
        outstanding_thirds=(site.thirds[0], site.thirds[1], site.thirds[2]),
        oldest=(now - site.oldest_born) * _NS if site.oldest_born else 0.0,
        mean_life=life_ns * _NS / frees if frees else 0.0,
        forgotten=forgotten,
        forgotten_bytes=forgotten_bytes,
        largest=largest,
        sizes=_cut(site.sums[8 : 8 + _SIZES]),
        lives=_cut(site.sums[8 + _SIZES :]),
    )


def _cut(histogram: list[int]) -> tuple[int, ...]:
    """Without the empty end."""
    while histogram and not histogram[-1]:
        histogram.pop()
    return tuple(histogram)
