"""Counters of processes and threads that come and go, added up without losing or doubling any."""

import pytest

from perfdoctor.collectors.processes.meter import Meter
from perfdoctor.collectors.processes.readings import lacking, readings_of, trends_of
from perfdoctor.collectors.watch import watch
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.process import Reading
from perfdoctor.schemas.target import Target
from tests.collectors.machine import Machine, machine, process

pytestmark = pytest.mark.anyio
TARGET = Target(pid=42, start_time=5.0, name="shop")


def put(
    host: Machine, pid: int, *, cpu: int, ended: int = 0, faults: int = 0, start: int = 500, calls: int = 0
) -> None:
    """One process with one thread; ``cpu`` and ``ended`` (of its children) in hundredths of a second."""
    stat = f"{pid} (shop) S 1 0 0 0 -1 0 {faults} 0 0 0 {cpu} 0 {ended} 0 20 0 1 0 {start} 0 10 0\n"
    io = f"syscr: {calls}\nsyscw: 0\nread_bytes: {calls * 512}\nwrite_bytes: 0\n"
    switches = f"voluntary_ctxt_switches:\t{cpu}\nnonvoluntary_ctxt_switches:\t1\n"
    host.files |= {
        f"/proc/{pid}/stat": stat,
        f"/proc/{pid}/io": io,
        f"/proc/{pid}/task/{pid}/status": f"Name:\tshop\n{switches}",
        f"/proc/{pid}/task/{pid}/schedstat": f"0 {cpu * 1_000_000} 1\n",
        f"/proc/{pid}/smaps_rollup": "Pss: 40 kB\n",
    }
    host.links[f"/proc/{pid}/fd/3"] = "socket:[31337]"
    host.links[f"/proc/{pid}/fd/4"] = "/dev/null"


def children(host: Machine, *pids: int) -> None:
    host.files["/proc/42/task/42/children"] = " ".join(map(str, pids))


def drop(host: Machine, pid: int) -> None:
    for kept in (host.files, host.links):
        for path in [path for path in kept if path.startswith(f"/proc/{pid}/")]:
            del kept[path]


def family() -> Machine:
    host = machine(process(42))
    host.files["/proc/self/schedstat"] = "0 0 1\n"
    put(host, 42, cpu=1000)
    put(host, 43, cpu=300)
    children(host, 43)
    return host


def used(meter: Meter) -> float:
    look = meter.look()
    assert look is not None
    return round(look.user + look.system, 6)


def test_the_first_look_counts_nothing() -> None:
    assert used(Meter(family(), TARGET)) == 0


def test_a_child_that_ended_is_counted_once() -> None:
    host = family()
    meter = Meter(host, TARGET)
    used(meter)
    drop(host, 43)
    children(host)
    put(host, 42, cpu=1010, ended=307)  # the child used 7 more, and was waited for
    assert used(meter) == 0.17


def test_a_child_that_nobody_waited_for_takes_nothing_away() -> None:
    host = family()
    meter = Meter(host, TARGET)
    used(meter)
    drop(host, 43)
    children(host)
    put(host, 42, cpu=1010)
    assert used(meter) == 0.1


def test_a_child_that_came_and_went_between_looks_is_counted() -> None:
    host = family()
    meter = Meter(host, TARGET)
    used(meter)
    put(host, 42, cpu=1000, ended=13)
    assert used(meter) == 0.13


def test_a_new_child_counts_from_its_birth_and_an_adopted_one_does_not() -> None:
    host = family()
    meter = Meter(host, TARGET)
    used(meter)
    put(host, 44, cpu=11, start=10_000)  # the machine is up for 100 seconds
    put(host, 45, cpu=9999, start=400)
    children(host, 43, 44, 45)
    assert used(meter) == 0.11
    put(host, 45, cpu=10_002, start=400)
    assert used(meter) == 0.14


def test_without_children_only_its_own() -> None:
    host = family()
    meter = Meter(host, TARGET.model_copy(update={"children": False}))
    used(meter)
    put(host, 42, cpu=1001, ended=500)
    put(host, 43, cpu=900)
    assert used(meter) == 0.01


def test_a_pid_that_was_given_to_another_ends_the_watch() -> None:
    host = family()
    meter = Meter(host, TARGET)
    used(meter)
    put(host, 42, cpu=1, start=600)
    assert meter.look() is None


def test_gauges_switches_and_waiting() -> None:
    host = family()
    meter = Meter(host, TARGET)
    assert meter.look()
    put(host, 42, cpu=1010, calls=23)
    look = meter.look()
    assert look is not None
    assert (look.voluntary, look.involuntary) == (10, 0)
    assert look.runnable == pytest.approx(0.01)
    assert look.io is not None and (look.io.read_calls, look.io.read_bytes) == (23, 23 * 512)
    assert (look.fds, look.sockets, look.threads, look.pss) == (4, 1, 2, 80 << 10)  # both hold the same socket
    assert meter.warnings() == ()


def test_what_may_not_be_read_is_none_and_said() -> None:
    host = family()
    host.denied = tuple(f"/proc/{pid}/{what}" for pid in (42, 43) for what in ("io", "fd", "smaps_rollup"))
    meter = Meter(host, TARGET)
    looks = [look for look in (meter.look(), meter.look()) if look]
    readings = readings_of(looks)
    assert set(lacking(readings)) == {"fds", "sockets", "pss", "read_bytes", "write_bytes", "read_calls", "write_calls"}
    assert "may not be inspected" in meter.warnings()[0]


def test_a_child_that_may_not_be_read_is_said() -> None:
    host = family()
    host.denied = ("/proc/43/io", "/proc/43/fd")
    meter = Meter(host, TARGET)
    meter.look()
    look = meter.look()
    assert look is not None and look.fds == 2
    assert meter.warnings()[0].startswith("1 of its child processes")


def test_a_kernel_without_schedstat() -> None:
    host = family()
    del host.files["/proc/self/schedstat"]
    meter = Meter(host, TARGET)
    looks = [look for look in (meter.look(), meter.look()) if look]
    assert lacking(readings_of(looks)) == ("runnable_share",)


def reading(at: float, cpu: float) -> Reading:
    return Reading(
        at=at, cpu=cpu, user_cpu=cpu, system_cpu=0, rss=1, threads=1, voluntary_switches=0, involuntary_switches=0,
        minor_faults=0, major_faults=0,
    )  # fmt: skip


def test_the_mean_of_a_rate_weighs_by_time() -> None:
    trends = {trend.metric: trend for trend in trends_of([reading(1.0, 1.0), reading(4.0, 0.2)])}
    assert trends["cpu"].mean == pytest.approx((1.0 + 3 * 0.2) / 4)
    assert (trends["cpu"].low, trends["cpu"].high) == (0.2, 1.0)
    assert "pss" not in trends


async def test_a_target_that_is_gone_at_once() -> None:
    host = family()
    drop(host, 42)
    with pytest.raises(ProblemError, match="ended at once"):
        await watch(host, TARGET, seconds=0.2)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
async def test_a_window_that_is_none(seconds: float) -> None:
    with pytest.raises(ProblemError, match="cannot be measured"):
        await watch(family(), TARGET, seconds=seconds)
