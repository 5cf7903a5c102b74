"""What follows a comparison: the measurement that would decide it, the change taken back, or what is left to fix."""

import os
from pathlib import Path
from typing import Any

import pytest

from perfdoctor.schemas.comparison import Comparison, FindingChange, MetricChange, Verdict
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.recording import NextCall, Window
from perfdoctor.server.answers.comparison import compare_answer
from perfdoctor.server.policy import LOCAL, Caller, Role
from perfdoctor.server.service import Call, Service
from perfdoctor.server.settings import Settings
from perfdoctor.server.store.edits import digest
from perfdoctor.server.tools.catalogue import find
from perfdoctor.server.undoing import judged_change
from tests.server import samples
from tests.server.fakes import FakeInstruments

NEVER_ALIVE = samples.TARGET.pid


def runs(count: int, **changes: Any) -> list[Evidence]:
    """So many windows, each of another run."""
    return [
        samples.evidence(target=samples.TARGET.model_copy(update={"start_time": float(i)}), **changes)
        for i in range(count)
    ]


def judged(
    verdict: Verdict, *, better: bool | None = None, detectable: float | None = 0.5, findings: tuple[str, ...] = ()
) -> Comparison:
    cost = MetricChange(
        metric="CPU time per request", unit="s", before=1.0, after=0.98, better=better, detectable=detectable
    )
    changes = tuple(
        FindingChange(change=change, pattern="hot-loop", location=None, before=0.5, after=0.5) for change in findings
    )
    return samples.comparison().model_copy(update={"verdict": verdict, "metrics": (cost,), "findings": changes})


def follow(
    comparison: Comparison, before: list[Evidence], after: list[Evidence], undo: str | None = None
) -> list[NextCall]:
    answer = compare_answer(["r-a"], ["r-b"], (before, after), comparison, rows=3, frames=8, undo=undo)
    for call in answer.next:
        tool = find(call.tool)
        assert tool is not None
        tool.parse(call.arguments)
        assert call.arguments.get("pid") != NEVER_ALIVE, "a process of a recording may have ended"
    return list(answer.next)


def test_too_little_was_seen() -> None:
    """Five runs each, restarted and in turns; where there are as many, so many more as would show a tenth."""
    (first,) = follow(judged(Verdict.INCONCLUSIVE), runs(1), runs(1))
    assert first.tool == "proc-find" and "5 runs on each side" in first.why and "in turns" in first.why
    (second,) = follow(judged(Verdict.INCONCLUSIVE, detectable=0.2), runs(6), runs(6))
    assert "about 24 runs on each side, or windows of 10 s" in second.why
    (blind,) = follow(judged(Verdict.INCONCLUSIVE, detectable=None), runs(6), runs(6))
    assert "about 12 runs" in blind.why


def test_windows_of_one_run_are_not_counted_as_runs() -> None:
    same = [samples.evidence() for _ in range(6)]
    assert "5 runs on each side" in follow(judged(Verdict.INCONCLUSIVE), same, same)[0].why


def test_a_workload_is_run_again_by_itself() -> None:
    old, new = (samples.run(variant=variant) for variant in ("plain", "cached"))
    (call,) = follow(judged(Verdict.INCONCLUSIVE), runs(2, run=old), runs(2, run=new))
    assert call.tool == "workload-run"
    assert call.arguments == {
        "name": "shop",
        "variant": "plain",
        "against": "shop/cached",
        "repeats": 6,
        "trace": "counts",
    }


@pytest.mark.parametrize(
    "comparison",
    [
        judged(Verdict.INCONCLUSIVE, better=True),
        judged(Verdict.INCONCLUSIVE, findings=("gone", "new")),
    ],
)
def test_of_a_cost_that_moved_no_measurement_decides(comparison: Comparison) -> None:
    look, back = follow(comparison, runs(1), runs(1), undo="e-1")
    assert (look.tool, look.arguments) == ("diagnose", {"recording": "r-b"})
    assert (back.tool, back.arguments) == ("code-edit", {"undo": "e-1"})


@pytest.mark.parametrize("verdict", [Verdict.UNCHANGED, Verdict.REGRESSED])
def test_a_change_that_did_not_help_is_taken_back(verdict: Verdict) -> None:
    assert follow(judged(verdict), runs(1), runs(1), undo="e-1")[0].arguments == {"undo": "e-1"}
    assert [call.tool for call in follow(judged(verdict), runs(1), runs(1))] == ["diagnose"]


def test_one_that_helped_is_not() -> None:
    assert [call.tool for call in follow(judged(Verdict.IMPROVED), runs(1), runs(1), undo="e-1")] == ["diagnose"]


# -- which change was it ---------------------------------------------------------------------------------------------

OLD, NEW = b"rows.index(1)\n", b"1\n"


def at(started: float) -> list[Evidence]:
    return [samples.evidence(window=Window(started=started, seconds=10.0))]


@pytest.mark.anyio
async def test_the_change_that_was_measured_is_known(tmp_path: Path) -> None:
    file = tmp_path / "search.py"
    file.write_bytes(NEW)
    service = Service(Settings(state=tmp_path / "state", writable_roots=(str(tmp_path),)), FakeInstruments())
    call = Call(service, LOCAL, lambda _elapsed, _message: None)
    assert await judged_change(call, at(0), at(2e9)) is None
    identity = await service.edits.note(LOCAL.name, str(file), OLD, NEW)
    assert await judged_change(call, at(0), at(4e9)) == identity
    assert await judged_change(call, at(0), at(1)) is None, "the new code was not measured"
    other = Call(service, Caller("eve", Role.OPERATE), lambda _elapsed, _message: None)
    assert await judged_change(other, at(0), at(4e9)) is None, "somebody else's"
    file.write_bytes(OLD)
    assert await judged_change(call, at(0), at(4e9)) is None, "it is not as the change made it any more"
    os.unlink(file)
    assert await judged_change(call, at(0), at(4e9)) is None


@pytest.mark.anyio
async def test_a_change_of_other_code_is_not_offered(tmp_path: Path) -> None:
    service = Service(Settings(state=tmp_path / "state", writable_roots=(str(tmp_path),)), FakeInstruments())
    call = Call(service, LOCAL, lambda _elapsed, _message: None)
    file = tmp_path / "unrelated.py"
    file.write_bytes(NEW)
    await service.edits.note(LOCAL.name, str(file), OLD, NEW)
    assert (await service.edits.newest(LOCAL.name)) is not None
    assert digest(file.read_bytes()) == digest(NEW)
    assert await judged_change(call, at(0), at(4e9)) is None
