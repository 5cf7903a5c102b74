"""What a caller's own program said."""

from perfdoctor.schemas.model import Model


class CustomBucket(Model):
    """One bar of a histogram: ``count`` values from ``low`` to ``high``; None where it is open."""

    low: int | None
    high: int | None
    count: int


class CustomRow(Model):
    """One entry of a map. ``key`` is empty for a map without keys; ``value`` is a number, or text; of a histogram the
    number of values, which ``buckets`` spread out."""

    key: str
    value: int | float | str
    buckets: tuple[CustomBucket, ...] = ()


class CustomMap(Model):
    """A map of the program as it was last printed, largest values first. ``printed`` times; ``omitted_rows`` were in
    it and are not kept."""

    name: str
    kind: str
    rows: tuple[CustomRow, ...]
    total_rows: int
    omitted_rows: int = 0
    printed: int = 1


class CustomOutput(Model):
    """What a caller's own program said.

    ``program`` is what was asked, ``ran`` what ran: the same, with the target's filter. ``lines`` were printed by
    printf, print and time; of what was printed beyond the limits, ``cut_lines`` and ``cut_bytes`` are not kept.
    """

    program: str = ""
    ran: str = ""
    lines: tuple[str, ...] = ()
    cut_lines: int = 0
    cut_bytes: int = 0
    maps: tuple[CustomMap, ...] = ()
    omitted_maps: int = 0
