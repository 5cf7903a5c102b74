"""What may be asked of our BPF programs: the closed list that the privileged helper goes by.

Which programs each object has, which tables may be read or written from outside, and which constants may be set.
Nothing else of an object can be reached through the helper. In particular nobody outside writes ``wanted`` and the
first settings, which say whose processes are followed, nor reads ``kernel_stacks`` or ``pendings``, which hold
addresses of the kernel. Standard library only; a test holds it against the C sources.
"""

from dataclasses import dataclass, field

FOLLOWS = ("forks", "executes", "exits")
"""attached before anything is followed: without them, a process that gains privilege would be followed on"""
_ORDER = (
    *FOLLOWS,
    "wakes_up",
    "switches",
    "faults",
    "call_ends",
    "call_begins",
    "lock_thread_ends",
    "lock_wakes",
    "connects",
    "retransmits",
    "kernel_faults",
    "request_ends",
    "request_begins",
    "page_comes",
)
"""Ends are attached before beginnings: a call that was seen to begin is then always seen to end."""
BEGIN, FINISH, SAMPLE = "begin", "finish", "sample"
_ALWAYS = frozenset(_ORDER[: _ORDER.index("call_begins") + 1])
SECTIONS = {".data": 24, ".data.queue": 56}
"""what the loaded programs read and write beside their tables, and how many bytes of it matter"""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one object reaches beyond watch.bpf.c: its own programs for tracepoints, iterators and probes (and
    whether those sit on a function's return), the tables to read and to write, constants and their sizes in bytes."""

    programs: frozenset[str] = frozenset()
    iterators: frozenset[str] = frozenset()
    probes: dict[str, bool] = field(default_factory=dict)
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    constants: dict[str, int] = field(default_factory=dict)

    @property
    def attachable(self) -> tuple[str, ...]:
        """Its programs for tracepoints, in the order in which they are attached."""
        return tuple(name for name in _ORDER if name in self.programs or name in _ALWAYS)

    @property
    def iterable(self) -> frozenset[str]:
        return self.iterators | {BEGIN, FINISH}

    @property
    def loadable(self) -> frozenset[str]:
        return frozenset(self.attachable) | self.iterable | frozenset(self.probes) | {SAMPLE}

    @property
    def readable(self) -> frozenset[str]:
        return self.reads | {"calls", "points", "errors", "counters"}

    @property
    def writable(self) -> frozenset[str]:
        return self.writes | {"processes", "layouts", "classes", "descriptors", "spaces", "unwind_rows"}


_SOCKETS = frozenset({"connects", "retransmits"})
_TALK = frozenset({"talk", "failures", "net_counters"})
_NET = frozenset({"net_calls", "listening"})
_TIMELINE = {".rodata.timeline": 40}

OBJECTS = {
    "watch": Reach(),
    "timeline": Reach(reads=frozenset({"slices"}), constants=_TIMELINE),
    "files": Reach(reads=frozenset({"orders"}), writes=frozenset({"accesses"})),
    "disk": Reach(
        programs=frozenset({"request_ends", "request_begins", "page_comes"}), reads=frozenset({"disk", "cached"})
    ),
    "growth": Reach(
        programs=frozenset({"kernel_faults"}), reads=frozenset({"mapped"}), constants={".rodata.growth": 24}
    ),
    "locks": Reach(
        programs=frozenset({"lock_thread_ends", "lock_wakes"}),
        iterators=frozenset({"lock_sleepers"}),
        reads=frozenset({"lock_uses", "lock_edges", "lock_holds", "lock_threads", "waiting"}),
        constants={".rodata.locks": 20},
    ),
    "sockets": Reach(programs=_SOCKETS, reads=_TALK, writes=_NET),
    "timed_sockets": Reach(programs=_SOCKETS, reads=_TALK | {"slices"}, writes=_NET, constants=_TIMELINE),
    "functions": Reach(
        probes={"function_begins": False, "function_ends": True},
        reads=frozenset({"functions", "tallies"}),
        constants={".rodata.functions": 8},
    ),
    "allocations": Reach(
        probes={"allocation_begins": False, "allocation_ends": True, "block_is_freed": False},
        reads=frozenset({"blocks", "sites", "tallies"}),
    ),
}
