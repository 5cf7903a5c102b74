"""Several runs of a workload: what each figure was, and whether two variants differ."""

from pydantic import Field

from perfdoctor.schemas.comparison import Verdict
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.recording import NextCall
from perfdoctor.schemas.samples import SampleChange


class Spread(Model):
    """One figure over ``values`` runs: its median, with bounds at 95 % (None below six runs)."""

    workload: str
    figure: str
    unit: str
    median: float
    low: float | None
    high: float | None
    values: int


class FigureChange(SampleChange):
    """``better`` is None where the difference is within chance, or too small to matter."""

    figure: str
    unit: str
    better: bool | None


class RunsComparison(Model):
    """``before`` and ``after`` are workloads, as ``name/variant``."""

    before: str
    after: str
    verdict: Verdict
    why: str
    changes: tuple[FigureChange, ...]


class RunRow(Model):
    """One run; see ``Run`` in schemas/workload.py for the figures."""

    recording: str
    workload: str
    seconds: float
    user_seconds: float
    system_seconds: float
    peak_bytes: int | None
    syscalls: int | None
    units: float | None
    metrics: dict[str, float] = Field(default_factory=dict)
    ended: str


class WorkloadAnswer(Model):
    summary: str
    figures: tuple[Spread, ...]
    comparison: RunsComparison | None
    runs: tuple[RunRow, ...]
    omitted_runs: int
    recordings: dict[str, tuple[str, ...]]
    """of all runs, by workload, in their order"""
    notes: tuple[str, ...]
    next: tuple[NextCall, ...]
