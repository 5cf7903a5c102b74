"""The runs of one call, one after the other: warm-up, repeats, two workloads taking turns; each kept as it ends."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from perfdoctor.collectors.text import quoted
from perfdoctor.collectors.workloads.declared import Declared
from perfdoctor.collectors.workloads.run import Outcome
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.recording import TargetCost
from perfdoctor.schemas.workload import Run, Trace
from perfdoctor.server.service import Call
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.tools.keep import keep


@dataclass(frozen=True, slots=True)
class Kept:
    """One run and its recording. ``summary`` is what lists of recordings show."""

    identity: str
    run: Run
    cost: TargetCost
    summary: str


@dataclass(slots=True)
class Series:
    """``sides`` are one workload, or two that take turns."""

    call: Call
    sides: tuple[Declared, ...]
    repeats: int
    warm_up: int
    seconds: float | None
    trace: Trace
    kept: dict[str, list[Kept]] = field(default_factory=dict)
    _longest: float = 0.0
    _done: int = 0
    _began: float = 0.0

    async def run(self) -> dict[str, list[Kept]]:
        """By workload, in their order. ProblemError when one fails, and when so many would take longer than a call
        may."""
        self._began = time.monotonic()
        self.kept = {side.title: [] for side in self.sides}
        self._must_fit_declared()
        for number, (side, repeat) in enumerate(self._order()):
            if number >= len(self.sides):
                self._must_fit()
            began = time.monotonic()
            await self._one(side, repeat)
            self._longest = max(self._longest, time.monotonic() - began)
            self._done += 1
        return self.kept

    @property
    def total(self) -> int:
        return len(self.sides) * (self.repeats + self.warm_up)

    def _order(self) -> Iterator[tuple[Declared, int]]:
        """A B B A A B B A …: what drifts meanwhile (heat, caches, neighbours) meets both alike. Repeat 0: warm-up."""
        for turn in range(self.warm_up + self.repeats):
            for side in self.sides if turn % 2 == 0 else reversed(self.sides):
                yield side, max(0, turn - self.warm_up + 1)

    async def _one(self, side: Declared, repeat: int) -> None:
        which = f"repeat {repeat} of {self.repeats}" if repeat else "warm-up"
        label = f"{side.title}, {which} (run {self._done + 1} of {self.total})"

        def tell(elapsed: float, message: str) -> None:
            self.call.progress(elapsed, f"{label}: {message}")

        self.call.progress(0.0, label)
        outcome = await self.call.instruments.run_workload(
            side, repeat=repeat, trace=self.trace, seconds=self.seconds, within=self._left(), progress=tell
        )
        if outcome.failure is not None:
            raise await self._failed(side, which, outcome)
        if repeat:
            self.kept[side.title].append(await self._keep(outcome))

    async def _keep(self, outcome: Outcome) -> Kept:
        def summed(identity: str, evidence: Evidence) -> Kept:
            run = evidence.run
            assert run is not None
            costs = [how.cost for how in evidence.collections.values()]
            cost = max(costs, key=lambda one: one.estimated_seconds, default=TargetCost())
            return Kept(identity, run, cost, _summary(run))

        return await keep(self.call, Kind.WORKLOAD, outcome.evidence, summed)

    async def _failed(self, side: Declared, which: str, outcome: Outcome) -> ProblemError:
        kept = await self._keep(outcome)
        words = f" Its last words: {quoted(outcome.last_words, 600)}." if outcome.last_words else " It printed nothing."
        ids = [one.identity for runs in self.kept.values() for one in runs]
        before = f" Runs that ended well before it: {', '.join(ids[:20])}." if ids else ""
        return ProblemError(
            f"{side.title} failed in its {which}: {outcome.failure}.",
            f"It had run for {kept.run.seconds:.2f} s.{words}",
            f"Correct the workload ({side.where} declares it), and run it again. What was seen of it is recording "
            f"{kept.identity}.{before}",
        )

    def _must_fit_declared(self) -> None:
        """What the declaration alone says of the time: refused before anything runs."""
        known = [self.seconds if self.seconds is not None else side.workload.seconds for side in self.sides]
        at_least = sum(
            one + side.workload.ready.delay
            for one, side in zip(known, self.sides, strict=True)
            if one and side.workload.load is None
        )
        if at_least:
            self._longest = at_least / len(self.sides)
            self._must_fit()

    def _left(self) -> float:
        """Seconds until the call must have ended."""
        return max(0.1, self.call.service.settings.max_seconds - (time.monotonic() - self._began))

    def _must_fit(self) -> None:
        """ProblemError where runs as long as the longest so far would not all end in time."""
        most = self.call.service.settings.max_seconds
        passed = time.monotonic() - self._began
        left = self.total - self._done
        if passed + left * self._longest <= most:
            return
        in_all = int((most - passed) / self._longest) + self._done
        fit = in_all // len(self.sides) - self.warm_up
        runs = f"{self.total} runs" + (f" ({self.warm_up} of each to warm up)" if self.warm_up else "")
        ids = [one.identity for kept in self.kept.values() for one in kept]
        raise ProblemError(
            f"{self.repeats} repeats do not fit into one call.",
            f"A run takes {self._longest:.1f} s, {runs} would take {self.total * self._longest:.0f} s, and one call "
            f"may take {most:g}.",
            (
                f"Ask for at most {fit} repeats"
                if fit >= 1
                else "Make the workload shorter, so that at least one repeat fits, or ask for no warm_up"
            )
            + (f" (kept so far: {', '.join(ids[:20])})." if ids else "."),
        )


def _summary(run: Run) -> str:
    cpu = run.user_seconds + run.system_seconds
    which = f"repeat {run.repeat}" if run.repeat else "warm-up"
    return f"{run.name}, {which}: {run.seconds:.3g} s, {cpu:.3g} s of CPU, {run.ended}."
