"""What the control groups of a process allow it, and what they did to it."""

from pydantic import Field

from perfdoctor.schemas.model import Model


class Limits(Model):
    """The tightest limit of each kind, over the process's own control group and all above it that can be seen here.
    None: no limit, or not told.

    ``cpu`` in cores. Of the groups with a CPU limit the one that held the process back longest says what happened in
    the window: ``throttled_share`` of the periods in which something ran ended throttled, for ``throttled_seconds``
    (summed over its CPUs, so that it can exceed the window). ``memory_used`` counts what the group holds whose limit
    ``memory`` is (or the own group), page cache included, of which ``memory_inactive`` file pages go first. A group
    above ``memory_high`` is slowed down while its memory is reclaimed. ``memory_hits`` allocations of the window ran
    into ``memory`` or ``memory_high`` and had to reclaim first; ``oom_kills`` processes of the groups were killed in
    the window. ``parts`` are bytes of the own group by kind (memory.stat: anon, file, shmem, slab, sock …).
    ``io`` are the lines of io.max, by device number. Sources: cgroups(7), Documentation/admin-guide/cgroup-v2.rst.
    """

    version: str
    group: str
    cpu: float | None = None
    throttled_share: float | None = None
    throttled_seconds: float | None = None
    memory: int | None = None
    memory_high: int | None = None
    memory_used: int | None = None
    memory_inactive: int | None = None
    memory_hits: int | None = None
    oom_kills: int | None = None
    swap: int | None = None
    pids: int | None = None
    pids_used: int | None = None
    io: tuple[str, ...] = ()
    parts: dict[str, int] = Field(default_factory=dict)
    set_by: dict[str, str] = Field(default_factory=dict)
    """the group whose limit is the tightest, by its field here"""
