"""What came of one walk through the loop, as it is kept in a file."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from stopwatch import Interval, Timed, change

Answer = dict[str, Any]


@dataclass
class Outcome:
    """``single``: compare of one window on each side, ``sets``: of several restarted runs in turns; ``before`` and
    ``after``: the stopwatch's runs. ``failed`` says where it ended early."""

    PREPARED: ClassVar[str] = "the prepared fix"

    what: str
    source: str
    pattern: str = ""
    """what was planted, where it was found"""
    rank: int = 0
    at_its_line: bool = False
    single: Answer | None = None
    sets: Answer | None = None
    by_workload: Answer | None = None
    """the answer of workload-run, of the same program as a declared workload"""
    of_workload: Answer | None = None
    """compare of the recordings that it made"""
    before: list[Timed] = field(default_factory=list)
    after: list[Timed] = field(default_factory=list)
    calls: int = 0
    dead_ends: list[str] = field(default_factory=list)
    seconds: float = 0.0
    failed: str = ""

    @property
    def verdict(self) -> str:
        return self.sets["verdict"] if self.sets else "none"

    @property
    def first_verdict(self) -> str:
        return self.single["verdict"] if self.single else "none"

    @property
    def finding(self) -> str:
        """What compare says of the planted finding."""
        if not self.sets or not self.pattern:
            return "-"
        told = [one for one in self.sets["comparison"]["findings"] if one["pattern"] == self.pattern]
        old = [one for one in told if one["change"] != "new"]
        if not old:
            return "not named"
        if all(one["change"] == "gone" for one in old) and len(told) == len(old):
            return "gone"
        return ", ".join(f"{one['change']} ({_share(one['before'])} to {_share(one['after'])})" for one in told)

    @property
    def effects(self) -> list[str]:
        return list(self.sets["comparison"]["side_effects"]) if self.sets else []

    @property
    def per(self) -> str:
        return self.sets["comparison"]["per"] if self.sets else "-"

    @property
    def rate(self) -> Interval | None:
        """Units of work a second, as compare counted them."""
        return self._by_compare(f"{self.per}s", self.sets)

    @property
    def cost(self) -> Interval | None:
        """CPU time per unit of work, which compare judges."""
        return self._by_compare(f"CPU time per {self.per}", self.sets)

    @property
    def first_cost(self) -> Interval | None:
        """The same by one window on each side."""
        return self._by_compare(f"CPU time per {self.per}", self.single)

    @property
    def timed_rate(self) -> Interval | None:
        return self._by_stopwatch("rate")

    @property
    def timed_cost(self) -> Interval | None:
        return self._by_stopwatch("cost")

    @property
    def wall(self) -> Interval | None:
        """Wall time per unit of work, by workload-run."""
        if not self.by_workload:
            return None
        for change_ in self.by_workload["comparison"]["changes"]:
            if change_["figure"].startswith("wall time") and change_["low"] is not None:
                before = change_["before"]
                return Interval(*((before + change_[at]) / before for at in ("difference", "low", "high")))
        return None

    def _by_compare(self, name: str, answer: Answer | None) -> Interval | None:
        for metric in answer["comparison"]["metrics"] if answer else ():
            if metric["metric"] == name and metric["low"] is not None and metric["before"] > 0:
                before = metric["before"]
                low, high = (max(0.0, (before + metric[bound]) / before) for bound in ("low", "high"))
                return Interval(metric["after"] / before, low, high)
        return None

    def _by_stopwatch(self, figure: str) -> Interval | None:
        sides = [[getattr(run, figure) for run in runs] for runs in (self.before, self.after)]
        return change(*sides) if min(map(len, sides)) > 1 and all(v > 0 for side in sides for v in side) else None

    def keep(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{self.source} {self.what}".replace("/", "-")
        (folder / f"{name}.json").write_text(json.dumps(asdict(self)))

    @classmethod
    def kept(cls, path: Path) -> "Outcome":
        values = json.loads(path.read_text())
        for side in ("before", "after"):
            values[side] = [Timed(**run) for run in values[side]]
        return cls(**values)


def _share(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"
