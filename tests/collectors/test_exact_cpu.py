"""The CPU clock of processes, and how samples share it out."""

import os
import subprocess
import sys
import threading
import time

import pytest

from perfdoctor.collectors.exact_cpu import CpuWatch, share_out
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.schemas.target import Target


class Told(CpuWatch):
    """A watch that saw what it is told."""

    def __init__(self, by_process: dict[int, float], ended: set[int] | None = None) -> None:
        self.told = by_process
        self.ended_processes = ended or set()

    @property
    def by_process(self) -> dict[int, float]:
        return dict(self.told)


def watch_of(pid: int, *, children: bool = False) -> CpuWatch:
    return CpuWatch(LocalHost(), Target(pid=pid, start_time=0.0, name="x", children=children))


def burn(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_a_thread_that_ended_is_counted() -> None:
    watch = watch_of(os.getpid())
    watch.begin()
    before = time.process_time()
    thread = threading.Thread(target=burn, args=(0.05,))
    thread.start()
    thread.join()
    used = time.process_time() - before
    watch.look()
    assert used <= watch.seconds < used + 0.05
    assert watch.seconds > 0.05
    assert not watch.ended


def test_what_a_new_child_used_is_of_the_window_and_its_end_is_seen() -> None:
    watch = watch_of(os.getpid(), children=True)
    watch.begin()
    program = "sum(i * i for i in range(300_000)); print('done', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        watch.look()
        assert watch.by_process[child.pid] > 0.005
        assert child.pid in watch.newcomers
        assert watch.pid_of[child.pid] == child.pid
        child.communicate(b"\n")
    watch.look()
    assert child.pid in watch.ended_processes
    assert watch.by_process[child.pid] > 0.005


def test_it_looks_only_while_the_window_goes_on() -> None:
    watch = watch_of(os.getpid())
    watch.begin()
    watch.look_at(1.0)
    seen = watch.seconds
    burn(0.01)
    watch.look_at(1.0)
    assert watch.seconds == seen
    watch.look_at(1.5)
    assert watch.seconds > seen


def test_a_process_that_is_not_there_has_ended() -> None:
    watch = watch_of(2**22 - 3)
    watch.begin()
    assert watch.ended
    assert watch.seconds == 0.0


def test_samples_stand_for_the_exact_time_of_their_process() -> None:
    total, weight = share_out({1: 10, 2: 5}, Told({1: 2.0, 2: 0.5}), 100)
    assert total == 2.5
    assert weight == {1: pytest.approx(0.2), 2: pytest.approx(0.1)}


def test_who_was_not_sampled_is_stood_for_by_the_others() -> None:
    total, weight = share_out({1: 10}, Told({1: 1.0, 2: 1.0}), 100)
    assert total == 2.0
    assert 10 * weight[1] == pytest.approx(total)


def test_who_ended_used_at_least_what_its_samples_say() -> None:
    total, weight = share_out({1: 50, 9: 10}, Told({1: 0.1}, ended={1}), 100)
    assert total == pytest.approx(0.6)
    assert weight == {1: pytest.approx(0.01), 9: pytest.approx(0.01)}


def test_no_samples_and_no_time_is_nothing() -> None:
    assert share_out({}, Told({}), 99) == (0.0, {})
    assert share_out({1: 3}, Told({1: 0.0}), 99) == (0.0, {1: 0.0})
