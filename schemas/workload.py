"""A workload as it is declared, and one run of it as it was measured."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from perfdoctor.schemas.model import Model

FOR_SO_LONG = "measured for as long as was asked"
"""why a run was over that neither ended nor had a load that did: what it took tells nothing of what it did"""
NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$"
Name = Annotated[str, StringConstraints(pattern=NAME)]
Word = Annotated[str, StringConstraints(max_length=4096, pattern=r"^[^\x00]*$")]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=400)]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]
Argv = Annotated[tuple[Word, ...], Field(min_length=1, max_length=200)]


class Trace(StrEnum):
    """What is recorded of each run, in the order of what it costs the program."""

    NONE = "none"
    COUNTS = "counts"
    SYSCALLS = "syscalls"
    CPU = "cpu"
    DIAGNOSE = "diagnose"


class Origin(StrEnum):
    """Whose output a figure is read from."""

    OUTPUT = "output"
    LOAD = "load"


class Take(StrEnum):
    """Which of several matches counts."""

    LAST = "last"
    FIRST = "first"
    SUM = "sum"
    MAX = "max"


class Ready(Model):
    """When the program can be put to work: all that is given must hold, the delay (seconds) last. ``line`` is a
    regular expression that a line of its output matches, ``port`` a TCP port that one of its processes listens on."""

    line: Pattern | None = None
    port: Annotated[int | None, Field(ge=1, le=65535)] = None
    delay: Annotated[float, Field(ge=0, le=30)] = 0.0

    @property
    def asked(self) -> bool:
        return self.line is not None or self.port is not None or self.delay > 0


class Load(Model):
    """A command that is run against the program once it is ready; while it runs is what is measured."""

    argv: Argv
    environment: dict[Variable, Word] = Field(default_factory=dict)


class Metric(Model):
    """A figure that the program (or its load) prints: the first group of ``pattern`` is a number."""

    pattern: Pattern
    origin: Origin = Origin.OUTPUT
    take: Take = Take.LAST
    unit: Annotated[str, StringConstraints(max_length=20)] = ""
    better: Literal["lower", "higher"] = "lower"


class Unit(Model):
    """What one piece of work is, and how many there were: a fixed ``count``, a figure of the output (``pattern``), or
    what the engine ``seen``: connections accepted, HTTP responses, messages read from sockets."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=30)] = "unit"
    count: Annotated[int | None, Field(ge=1)] = None
    pattern: Pattern | None = None
    origin: Origin = Origin.OUTPUT
    take: Take = Take.LAST
    seen: Literal["accepts", "responses", "messages"] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(given is not None for given in (self.count, self.pattern, self.seen)) != 1:
            raise ValueError("give one of count, pattern and seen")
        return self


class Variant(Model):
    """What differs in one variant: ``argv`` and ``cwd`` take the place of the workload's, ``environment`` adds."""

    argv: Argv | None = None
    cwd: Word | None = None
    environment: dict[Variable, Word] = Field(default_factory=dict)


class Workload(Model):
    """A command that may be run to be measured. No shell reads it.

    ``cwd`` is relative to where the declaration stands. It gets ``environment``, and of the server's own only what a
    program needs to run (PATH, HOME, LANG …) and the names in ``inherit``. ``user`` runs it as somebody else.
    ``seconds`` is how long it is measured if it has no load and does not end by itself (None: until it ends);
    ``timeout`` is the longest that one run may take, and a run that takes longer has failed, as one has that ends with
    a code other than ``exit_codes``. ``measure``: from the first instruction (``start``) or once it is ``ready``; by
    default from ``ready`` on where there is a load. ``stop_seconds`` are given to it to end after SIGTERM."""

    argv: Argv
    about: Annotated[str, StringConstraints(max_length=200)] = ""
    cwd: Word | None = None
    environment: dict[Variable, Word] = Field(default_factory=dict)
    inherit: tuple[Variable, ...] = ()
    user: Word | None = None
    ready: Ready = Ready()
    load: Load | None = None
    measure: Literal["start", "ready"] | None = None
    seconds: Annotated[float | None, Field(ge=0.1, le=45)] = None
    timeout: Annotated[float, Field(ge=0.1, le=600)] = 40.0
    stop_seconds: Annotated[float, Field(ge=0, le=10)] = 2.0
    exit_codes: tuple[Annotated[int, Field(ge=0, le=255)], ...] = (0,)
    unit: Unit | None = None
    metrics: Annotated[dict[Name, Metric], Field(max_length=20)] = Field(default_factory=dict)
    variants: Annotated[dict[Name, Variant], Field(max_length=20)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        wants_load = [name for name, metric in self.metrics.items() if metric.origin is Origin.LOAD]
        if self.unit and self.unit.origin is Origin.LOAD:
            wants_load.append("unit")
        if wants_load and self.load is None:
            raise ValueError(f"{wants_load[0]} is read from the load's output, and there is no load")
        if self.measure == "ready" and not self.ready.asked:
            raise ValueError("measure = ready needs a check in ready")
        return self

    @property
    def from_start(self) -> bool:
        """Whether a run is measured from the program's first instruction on."""
        return self.measure == "start" or (self.measure is None and self.load is None)


class Run(Model):
    """One run. ``seconds`` is wall time: from its first instruction to its end, with a load that of the load, or how
    long it was looked at. CPU seconds are of all its processes in that time. ``peak_bytes``: the most that its
    processes had resident together, looked at ten times a second, or one of them at any moment; None: not known, for a
    program that ended before anybody could look and had less than what started it. ``ready_seconds``: from the first
    instruction until it was ready. ``syscalls`` and ``units`` are None where nothing counted them. ``missing`` are the
    declared figures that its output did not have."""

    workload: str
    variant: str | None = None
    repeat: int
    ended: str
    seconds: float
    user_seconds: float
    system_seconds: float
    peak_bytes: int | None = None
    ready_seconds: float | None = None
    syscalls: int | None = None
    unit: str = ""
    units: float | None = None
    metrics: dict[str, float] = Field(default_factory=dict)
    missing: tuple[str, ...] = ()
    from_start: bool = True
    trace: Trace = Trace.COUNTS
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.workload}/{self.variant}" if self.variant else self.workload
