"""Functions of programs that call them a known number of times."""

import shutil
from pathlib import Path

import pytest

from perfdoctor.collectors import functions
from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.target import find_target
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.functions import FunctionKind, FunctionProfile, FunctionRow
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.answers.functions import functions_answer
from tests.live.need import need
from tests.live.while_it_works import while_it_works
from tests.live.workload import workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()


async def traced(
    source: str, function: str, *, backend: str = "bpf", c_flags: tuple[str, ...] = (), **options: object
) -> tuple[Evidence, FunctionProfile, dict[str, int]]:
    if backend == "bpf":
        need(bpf.unavailable(HOST) is None, "the engine cannot run")
    async with workload(source, c_flags=c_flags) as program:
        target = find_target(HOST, program.pid)
        [evidence], [truth] = await while_it_works(
            lambda progress: functions.measure(
                HOST, target, seconds=60, function=function, backend=backend, progress=progress, **options
            ),
            programs=[program],
        )
    assert evidence.functions is not None
    return evidence, evidence.functions, truth


def calls_from(profile: FunctionProfile, caller: str) -> int:
    return sum(row.calls or 0 for row in profile.rows if row.stack and row.stack[0].function == caller)


def all_calls(rows: tuple[FunctionRow, ...]) -> int:
    return sum(row.calls or 0 for row in rows)


async def test_every_call_is_counted_at_the_line_that_made_it() -> None:
    evidence, profile, truth = await traced("known_functions.c", "shared_work", value="arg0")
    assert calls_from(profile, "from_here") == truth["first"]
    assert calls_from(profile, "from_there") == truth["second"]
    assert calls_from(profile, "in_thread") == truth["threads"]
    assert all_calls(profile.rows) == sum(truth[name] for name in ("first", "second", "threads", "child"))
    assert all(row.calls == row.returns == sum(row.histogram) for row in profile.rows)
    here = [row for row in profile.rows if row.stack and row.stack[0].function == "from_here"]
    assert {row.stack[0].line for row in here if row.value} and here[0].value
    assert (here[0].value.least, here[0].value.most, here[0].value.sum) == (0, 1008, sum(range(1009)))
    answer = functions_answer("r-x", evidence, rows=10, frames=4)
    assert answer.functions[0].calls == all_calls(profile.rows)
    assert answer.functions[0].values[2] == 1008
    lines = {line.location.function: line.calls for line in answer.lines if line.location}
    assert lines["from_here"] == truth["first"]
    how = evidence.collections["functions"]
    assert how.exact and how.lost == 0


async def test_recursion_counts_calls_and_the_outermost_time() -> None:
    _, profile, truth = await traced("known_functions.c", "descend")
    assert all_calls(profile.rows) == truth["deep"]
    assert sum(row.nested for row in profile.rows) == truth["deep"] - truth["times"]


async def test_results_and_time() -> None:
    _, profile, truth = await traced("known_functions.c", "shared_work", value="return")
    values = [row.value for row in profile.rows if row.value]
    assert sum(value.values for value in values) == all_calls(profile.rows)
    assert sum(value.negative for value in values) == (truth["first"] - 1) // 2
    _, naps, truth = await traced("known_functions.c", "nap")
    assert sum(row.seconds for row in naps.rows) >= 0.003 * truth["naps"]
    assert all(row.max_seconds >= 0.003 for row in naps.rows)


async def test_a_glob_and_stripped_and_static_programs() -> None:
    _, profile, truth = await traced("known_functions.c", "from_*here")
    assert {row.function for row in profile.rows} == {"from_here", "from_there"}
    assert all_calls(profile.rows) == 2
    _, static, truth = await traced("known_functions.c", "shared_work", c_flags=("-static",))
    assert calls_from(static, "from_here") == truth["first"]
    with pytest.raises(ExceptionGroup) as raised:
        await traced("known_functions.c", "shared_work", c_flags=("-s",))
    assert "stripped" in str(raised.value.exceptions[0])


async def test_overloaded_methods_are_all_meant() -> None:
    need(shutil.which("c++"), "no C++ compiler")
    _, profile, truth = await traced("known_methods.cpp", "shop::Cart::total")
    by_name = {name: all_calls(tuple(row for row in profile.rows if row.function == name)) for name in
               {row.function for row in profile.rows}}  # fmt: skip
    assert by_name["shop::Cart::total(int)"] == truth["ints"]
    assert sum(by_name.values()) == truth["ints"] + truth["strings"]


async def test_a_library_call_has_the_python_line() -> None:
    need(bpf.unavailable(HOST) is None, "the engine cannot run")
    async with workload("known_functions.py") as program:
        target = find_target(HOST, program.pid)
        asked = "crc32*" if "libz" in Path(f"/proc/{program.pid}/maps").read_text() else "*crc32*"
        [evidence], [truth] = await while_it_works(
            lambda progress: functions.measure(
                HOST, target, seconds=60, function=f"libz:{asked}", value="arg2", progress=progress
            ),
            programs=[program],
        )
    assert evidence.functions
    by_line = {}
    for row in evidence.functions.rows:
        if row.function == "crc32" and row.stack:
            by_line[row.stack[0].line] = by_line.get(row.stack[0].line, 0) + (row.calls or 0)
    assert sorted(by_line.values()) == sorted((truth["check"], truth["short"]))


async def test_a_python_function_is_sampled() -> None:
    evidence, profile, _ = await traced("known_functions.py", "Cart.total")
    assert profile.kind is FunctionKind.PYTHON
    assert all(row.calls is None for row in profile.rows)
    assert sum(row.cpu_seconds for row in profile.rows) == pytest.approx(0.7, rel=0.3)
    assert {row.stack[0].function for row in profile.rows} == {"<module>"}
    assert not evidence.collections["functions"].exact
    assert functions_answer("r-x", evidence, rows=5, frames=4).functions[0].calls is None


async def test_the_budget_ends_the_window_early() -> None:
    evidence, profile, _ = await traced("known_functions.c", "shared_work", most_events=500)
    assert evidence.window.partial == "the budget of 500 probed calls was used up"
    assert all_calls(profile.rows) > 0


async def test_ltrace_counts_the_same() -> None:
    need(shutil.which("ltrace"), "ltrace is not installed")
    async with workload("known_functions.c") as program:
        target = find_target(HOST, program.pid)
        [evidence], [truth] = await while_it_works(
            lambda progress: functions.measure(
                HOST, target, seconds=8, function="nap", backend="ltrace", progress=progress
            ),
            programs=[program],
            stop=False,
        )
        assert "TracerPid:\t0" in Path(f"/proc/{program.pid}/status").read_text()
        assert (await program.work())["naps"] == truth["naps"], "it works on"
    assert evidence.functions and all_calls(evidence.functions.rows) == truth["naps"]
    assert evidence.collections["functions"].cost.kind == "stops"


@pytest.mark.parametrize("name", ["../../etc/passwd", "a`b`", "x\ny", "*", "", "a" * 300, "$(id)", "a;b"])
async def test_what_is_no_name_is_refused(name: str) -> None:
    async with workload("targets/many_threads.py", "1", "1") as program:
        with pytest.raises(ProblemError, match="cannot be the name"):
            await functions.measure(HOST, find_target(HOST, program.pid), seconds=1, function=name)


async def test_unknown_names_are_refused_with_near_ones() -> None:
    async with workload("known_functions.c") as program:
        target = find_target(HOST, program.pid)
        with pytest.raises(ProblemError) as raised:
            await functions.measure(HOST, target, seconds=1, function="shared_wrok")
        assert "shared_work" in raised.value.problem.next_step
        for asked in ({"value": "arg9"}, {"backend": "gdb"}, {"seconds": 0}):
            with pytest.raises(ProblemError):
                await functions.measure(HOST, target, **{"seconds": 1, "function": "nap", **asked})  # type: ignore[arg-type]
    with pytest.raises(ProblemError):
        await functions.measure(HOST, target, seconds=1, function="nap")
