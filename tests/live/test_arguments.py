"""With how many different arguments functions of Python are called, as looks at their frames tell it."""

import os

import pytest

from perfdoctor.collectors.arguments import beside
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.ledger import observe
from perfdoctor.collectors.runtimes.python_arguments import VERSIONS
from perfdoctor.collectors.target import find_target
from tests.live.need import need
from tests.live.workload import python_interpreters, workload
from tests.workloads import known_arguments as known
from tests.workloads import long_calls

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()
READABLE = [version for version in python_interpreters() if int(version.split(".")[1]) in VERSIONS] or [""]
TEXTS = len(known.TEXTS)
DIFFERENT = {
    "Tariff.price": known.FEW,
    "Tariff.nothing_else": 1,
    "by_name": known.FEW,
    "by_object": known.FEW,
    "by_large": known.FEW,
    "by_own_text": TEXTS,
    "by_made_text": TEXTS,
    "by_pair": known.FEW,
    "by_others": known.FEW,
    "in_a_closure": known.FEW,
    "fill": TEXTS,
}


@pytest.fixture(autouse=True)
def memory_may_be_read() -> None:
    need(os.geteuid() == 0, "memory of other processes needs root")


@pytest.mark.parametrize("version", READABLE)
async def test_different_arguments_are_counted(version: str) -> None:
    need(version, "no CPython whose frames can be read so well")
    async with workload("known_arguments.py", interpreter=python_interpreters()[version]) as program:
        evidence = await observe(HOST, find_target(HOST, program.pid), seconds=10.0)
    assert evidence.cpu
    told = {one.function: one for one in evidence.cpu.recurring}
    assert evidence.collections["arguments"].backend == "frames"
    # (a look that falls upon a frame that is being made reads what lay there before: one more)
    for function, different in DIFFERENT.items():
        assert different <= told[function].different <= different + 1, function
        assert 24 <= told[function].calls <= 1024
    assert not {"each_another", "once_for_long", "work", "Order.__init__"} & set(told)
    assert told["by_object"].of_object and not told["by_object"].objects
    assert told["Tariff.price"].of_object and not told["Tariff.price"].objects
    assert not told["by_name"].of_object
    # What the program keeps is told from what it makes anew, though that says the same.
    kept = {name: told[name].kept for name in ("by_own_text", "fill", "by_made_text", "by_name")}
    assert kept == {"by_own_text": True, "fill": True, "by_made_text": False, "by_name": None}
    gives = {name: one.only_gives for name, one in told.items()}
    assert gives["fill"] is None and gives["by_name"] is False  # (what spin does is not known to give the same)


@pytest.mark.parametrize("version", READABLE)
async def test_calls_that_are_one_long_call_of_c_are_told_from_each_other(version: str) -> None:
    need(version, "no CPython whose frames can be read so well")
    async with workload("long_calls.py", interpreter=python_interpreters()[version]) as program:
        evidence = await observe(HOST, find_target(HOST, program.pid), seconds=5.0)
    assert evidence.cpu
    (one,) = (one for one in evidence.cpu.recurring if one.function == "derived")
    assert long_calls.FEW <= one.different <= long_calls.FEW + 1
    assert one.calls >= 24 and one.only_gives


async def test_what_is_no_python_is_left_alone() -> None:
    async def window() -> object:
        return await observe(HOST, target, seconds=0.3)

    async with workload("known_counts.c") as program:
        target = find_target(HOST, program.pid)
        evidence = await beside(HOST, target, window)  # type: ignore[arg-type]
    assert "arguments" not in evidence.collections
