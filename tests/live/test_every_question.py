"""Whatever is asked, of a process that starts hundreds of short-lived children a second: an answer, nothing left."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.instruments import QUESTIONS, ThisMachine
from tests.live.need import need
from tests.live.while_it_works import while_it_works
from tests.live.workload import workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
INSTRUMENTS = ThisMachine()
OPTIONS: dict[str, dict[str, object]] = {"functions": {"function": "look"}}
ASKED = [question for question in QUESTIONS if question != "custom"]


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    problem = bpf.unavailable(LocalHost())
    need(problem is None, f"the engine cannot run: {problem}")
    before = traces_of_us()
    yield
    assert traces_of_us() == before


def traces_of_us() -> dict[str, object]:
    """All that a measurement could leave: descriptors, programs, mounts, files."""
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),
        "children": {child.pid for child in psutil.Process().children(recursive=True) if child.status() != "zombie"},
        "mounts": Path("/proc/self/mountinfo").read_text(),
        "files": {name for name in os.listdir("/tmp") if name.startswith("perfdoctor-") and "workload" not in name},
    }


@pytest.mark.parametrize("question", ASKED)
async def test_of_a_storm_of_children(question: str) -> None:
    async with workload("targets/fork_storm.c", "500") as program:
        target = await INSTRUMENTS.find_target(program.pid, children=True)
        [evidence], [truth] = await while_it_works(
            lambda progress: INSTRUMENTS.measure(
                question, target, seconds=45, backend="auto", progress=progress, **OPTIONS.get(question, {})
            ),
            programs=[program],
        )
    assert truth["calls"] == 7274
    assert getattr(evidence, question) is not None
    assert evidence.collections[question].backend
    assert evidence.window.partial, "it ended with its target"


@pytest.mark.parametrize("question", ASKED)
async def test_two_at_once_on_one_target(question: str) -> None:
    async with workload("targets/many_threads.py", "3", "4001") as program:
        target = await INSTRUMENTS.find_target(program.pid, children=True)
        options = OPTIONS.get(question, {}) and {"function": "PyUnicode_FSConverter"}  # (stripped or not)
        found, [truth] = await while_it_works(
            *[
                lambda progress: INSTRUMENTS.measure(
                    question, target, seconds=45, backend="auto", progress=progress, **options
                )
                for _ in range(2)
            ],
            programs=[program],
        )
    assert truth["calls"] == 12_003
    assert len(found) == 2
    assert all(getattr(evidence, question) is not None for evidence in found)


@pytest.mark.parametrize("question", ASKED)
async def test_of_who_has_just_ended(question: str) -> None:
    async with workload("targets/many_threads.py", "1", "1") as program:
        target = await INSTRUMENTS.find_target(program.pid, children=True)
    try:
        evidence = await INSTRUMENTS.measure(
            question, target, seconds=0.5, backend="auto", progress=lambda _e, _m: None, **OPTIONS.get(question, {})
        )
    except ProblemError as error:
        assert error.problem.next_step
    else:
        assert evidence.window.partial
