"""The ladder takes the first rung that can answer, and says why not the others."""

import pytest

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.ladder import Rung, climb, must_be_asked_well
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.problem import Problem, ProblemError
from perfdoctor.schemas.recording import Collection, Window
from perfdoctor.schemas.target import Target
from tests.collectors.machine import Machine

pytestmark = pytest.mark.anyio
TARGET = Target(pid=1, start_time=0.0, name="init")


def rung(name: str, *, refuses: str = "", fails: str = "", objects: str = "") -> Rung:
    def unavailable(_host: Host, _target: Target | None) -> Problem | None:
        return Problem(what=f"{name} cannot", why=refuses, next_step=f"install {name}") if refuses else None

    async def measure() -> Evidence:
        if fails:
            raise OSError(1, fails)
        if objects:
            raise ProblemError(f"{name} cannot", objects, "wait")
        collections = {
            "syscalls": Collection(backend=name, exact=True),
            "memory": Collection(backend="proc", exact=True, reason="read"),
        }
        return Evidence(target=TARGET, window=Window(started=0.0, seconds=1.0), collections=collections)

    return Rung(name, unavailable, measure)


async def test_takes_the_first_that_can_and_names_those_before() -> None:
    rungs = [rung("best", refuses="no privilege"), rung("good", fails="verifier")]
    rungs += [rung("middling", objects="traced already"), rung("fair"), rung("worst")]
    evidence = await climb(LocalHost(), TARGET, "auto", rungs)
    used = evidence.collections["syscalls"]
    assert used.backend == "fair"
    assert [s.backend for s in used.skipped] == ["best", "good", "middling"]
    assert used.skipped[2].why == "traced already"
    assert "no privilege" in used.skipped[0].why and "verifier" in used.skipped[1].why
    assert evidence.collections["memory"].reason == "read"


async def test_a_named_backend_is_taken_or_refused_never_replaced() -> None:
    rungs = [rung("best"), rung("good", refuses="not installed")]
    with pytest.raises(ProblemError) as raised:
        await climb(LocalHost(), TARGET, "good", rungs)
    assert raised.value.problem == Problem(what="good cannot", why="not installed", next_step="install good")
    assert (await climb(LocalHost(), TARGET, "best", rungs)).collections["syscalls"].reason == "named by the caller"


async def test_when_all_refuse_every_reason_is_given() -> None:
    rungs = [rung("best", refuses="no BTF"), rung("good", refuses="no perf")]
    with pytest.raises(ProblemError) as raised:
        await climb(LocalHost(), TARGET, "auto", rungs)
    assert "no BTF" in raised.value.problem.why and "no perf" in raised.value.problem.why


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_window_that_cannot_be_is_refused(seconds: float) -> None:
    with pytest.raises(ProblemError):
        must_be_asked_well(("bpf",), "auto", seconds)


def test_an_unknown_backend_names_the_known() -> None:
    with pytest.raises(ProblemError) as raised:
        must_be_asked_well(("bpf", "strace"), "dtrace", 1)
    assert "bpf, strace" in raised.value.problem.why


@pytest.mark.parametrize(
    ("state", "threads", "lives"), [("Z", ("9",), False), ("Z", ("9", "10"), True), ("S", ("9",), True)]
)
async def test_a_program_lives_while_one_of_its_threads_does(state: str, threads: tuple[str, ...], lives: bool) -> None:
    files = {"/proc/9/stat": f"9 (a) b) {state} 1 9", **{f"/proc/9/task/{tid}/stat": "" for tid in threads}}
    target = Target(pid=9, start_time=0.0, name="a")
    if lives:
        assert await climb(Machine(files), target, "auto", [rung("best")])
    else:
        with pytest.raises(ProblemError, match="has ended"):
            await climb(Machine(files), target, "auto", [rung("best")])
