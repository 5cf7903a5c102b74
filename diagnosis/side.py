"""One side of a comparison: a window, or several of the same program."""

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import pairwise

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.blocks import Series
from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.diagnosis.matching import gathered
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Finding

Figure = Callable[[Account], float]
"""what one window adds up to"""


class Side:
    """``seconds`` is the time of all windows together."""

    def __init__(self, windows: Sequence[Evidence]) -> None:
        self.accounts = tuple(Account(window) for window in windows)
        self.seconds = sum(account.seconds for account in self.accounts)

    def total(self, figure: Figure) -> float:
        return sum(figure(account) for account in self.accounts)

    def rate(self, figure: Figure) -> float:
        """Per second."""
        return self.total(figure) / self.seconds

    def has(self, part: str) -> bool:
        """Whether every window has this part of the evidence."""
        return all(getattr(account.evidence, part) is not None for account in self.accounts)

    @cached_property
    def runs(self) -> tuple[tuple[Account, ...], ...]:
        """The windows of each process: two windows of one run have its memory layout and its caches in common, and say
        little about how the next run will be."""
        found: dict[tuple[object, ...], list[Account]] = {}
        for account in self.accounts:
            target = account.evidence.target
            found.setdefault((target.pids, target.start_time), []).append(account)
        return tuple(tuple(run) for run in found.values())

    @property
    def span(self) -> tuple[float, float]:
        """When the first window began, and the last (Unix time)."""
        began = [account.evidence.window.started for account in self.accounts]
        return min(began), max(began)

    def by_run(self, cost: Figure, work: Figure) -> list[float] | None:
        """What one piece of work cost in each run; None where a run did none."""
        sums = [(sum(map(cost, run)), sum(map(work, run))) for run in self.runs]
        return None if any(done <= 0 for _, done in sums) else [spent / done for spent, done in sums]

    def series(self, cost: str, work: str) -> list[Series]:
        """The blocks of each window by two fields of its pace (``at``: seconds); none where one window has no pace."""
        found: list[Series] = []
        for account in self.accounts:
            readings = account.evidence.pace or ()
            found.append(
                [
                    (getattr(b, cost) - getattr(a, cost), getattr(b, work) - getattr(a, work))
                    for a, b in pairwise(readings)
                ]
            )
        return found if all(found) else []

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Those of the window; of several windows what is found in most of them."""
        return gathered([diagnose(account.evidence).findings for account in self.accounts])
