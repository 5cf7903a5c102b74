"""What every answer carries: the window, how it was measured, what it cost, what to ask next."""

from typing import Any

from pydantic import Field

from perfdoctor.schemas.model import Model


class Window(Model):
    """The time that was looked at. ``started`` is Unix time; ``partial`` says that it ended early and why."""

    started: float
    seconds: float
    partial: str | None = None


class Skipped(Model):
    """A backend that was not used, and why."""

    backend: str
    why: str


class TargetCost(Model):
    """What the measurement did to the target.

    ``kind``: ``reads`` (only looks), ``perturbs`` (adds work to the target's own events) or ``stops``
    (stops it at each event). ``events`` were handled inside the target's time; ``estimated_seconds`` is
    events times the cost per event that ``bench/overhead.py`` measured; where CPU was sampled it is weighed against the
    CPU time that samples found in tracing programs, which counts for more the more samples there are.
    """

    kind: str = "reads"
    events: int = 0
    estimated_seconds: float = 0.0


class Collection(Model):
    """How the figures came to be.

    ``exact`` is true when every event was counted, false when the figures are extrapolated from samples.
    ``lost`` events happened and are not in the figures; ``truncated_stacks`` were deeper than could be kept;
    ``missing_stacks`` are events whose stack could not be read; ``not_understood`` are lines or records of
    the backend that its parser did not know. ``lacks`` names what this backend cannot tell.
    """

    backend: str
    exact: bool
    reason: str = ""
    skipped: tuple[Skipped, ...] = ()
    lost: int = 0
    truncated_stacks: int = 0
    missing_stacks: int = 0
    not_understood: int = 0
    lacks: tuple[str, ...] = ()
    cost: TargetCost = TargetCost()
    warnings: tuple[str, ...] = ()


class NextCall(Model):
    """A call worth making now: the tool, its arguments, and why."""

    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    why: str
