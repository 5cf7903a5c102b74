"""How memory moved, from what /proc says at each sample."""

import pytest

from perfdoctor.collectors.memory import MemoryWatch
from perfdoctor.schemas.target import Target
from tests.collectors.machine import Machine, machine, process


def holding(host: Machine, pid: int, kib: int, *, faults: int = 0, child_faults: int = 0, swap: int = 0) -> None:
    below = f"/proc/{pid}"
    host.files[f"{below}/status"] = (
        f"Tgid:\t{pid}\nUid:\t1\t1\t1\t1\nVmRSS:\t{kib + 100} kB\nRssAnon:\t{kib} kB\nVmSwap:\t{swap} kB\n"
    )
    host.files[f"{below}/stat"] = (
        f"{pid} (shop) S 1 0 0 0 -1 0 {faults} {child_faults} 0 0 1 2 0 0 20 0 1 0 500 0 10 0\n"
    )


def family() -> Machine:
    host = machine(process(42), process(43, parent=42))
    host.files["/proc/42/task/42/children"] = "43 "
    holding(host, 42, 1000, faults=10)
    holding(host, 43, 500, faults=5)
    return host


@pytest.mark.parametrize(("children", "expected"), [(True, 1500), (False, 1000)])
def test_a_sample_is_of_the_whole_family_when_asked(children: bool, expected: int) -> None:
    watch = MemoryWatch(family(), Target(pid=42, start_time=5.0, name="shop", children=children))
    watch.sample(0.0)
    sample = watch.trend().samples[0]
    assert (sample.anonymous, sample.rss) == (expected << 10, (expected + 100 * (1 + children)) << 10)


def test_faults_of_children_that_ended_are_counted_once() -> None:
    host = family()
    watch = MemoryWatch(host, Target(pid=42, start_time=5.0, name="shop"))
    holding(host, 42, 1000, faults=17, child_faults=5 + 2)  # the child took two more, ended, and was waited for
    host.files["/proc/42/task/42/children"] = ""
    watch.sample(0.2)
    assert watch.trend().minor_faults == 7 + 2


def test_swapped_out_memory_has_not_gone() -> None:
    host = family()
    watch = MemoryWatch(host, Target(pid=42, start_time=5.0, name="shop", children=False))
    for i in range(10):
        holding(host, 42, 1000 - 10 * i, swap=10 * i)
        watch.sample(i / 5)
    assert watch.trend().bytes_per_second == 0


def test_growth_has_its_rate() -> None:
    host = family()
    watch = MemoryWatch(host, Target(pid=42, start_time=5.0, name="shop"))
    for i in range(2000):  # longer than what is kept
        holding(host, 42, 1000 + 23 * i)
        watch.sample(i / 5)
    trend = watch.trend()
    assert trend.bytes_per_second == pytest.approx(5 * 23 * 1024) and trend.confidence == 1.0
    assert len(trend.samples) <= 240 and trend.samples[-1].at == pytest.approx(1999 / 5)


def test_a_target_that_ended_keeps_what_was_seen() -> None:
    host = family()
    watch = MemoryWatch(host, Target(pid=42, start_time=5.0, name="shop", children=False))
    holding(host, 42, 1000, faults=31)
    watch.sample(0.0)
    for what in ("stat", "status"):
        del host.files[f"/proc/42/{what}"]
    watch.sample(0.2)
    assert len(watch.trend().samples) == 1 and watch.trend().minor_faults == 21
