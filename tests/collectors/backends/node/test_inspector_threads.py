"""Which threads came with the inspector and V8's profiler, and which did the program start meanwhile?"""

from perfdoctor.collectors.backends.node.inspector import made_for_us
from tests.collectors.machine import Machine

POOL, INSPECTOR, PROFILER = ("node", "futex_do_wait"), ("node", "do_epoll_wait"), ("v8:ProfEvntProc", "futex_do_wait")


def asked(**came: tuple[str, str]) -> frozenset[int]:
    files = {"/proc/5/task/5/comm": "node\n"}
    for tid, (name, waits_in) in came.items():
        files |= {f"/proc/5/task/{tid[1:]}/comm": f"{name}\n", f"/proc/5/task/{tid[1:]}/wchan": waits_in}
    before = frozenset({5})
    return made_for_us(Machine(files=files), 5, before, before | {int(tid[1:]) for tid in came})


def test_the_only_thread_that_came_was_made_for_us() -> None:
    assert asked(t7=POOL) == {7} and asked() == frozenset()


def test_threads_of_libuvs_pool_that_came_meanwhile_are_the_programs() -> None:
    assert asked(t7=POOL, t8=INSPECTOR, t9=POOL, t10=POOL, t11=POOL) == {8}
    assert asked(t7=POOL, t8=POOL, t9=POOL, t10=POOL, t11=PROFILER) == {11}


def test_a_thread_that_has_ended_is_nobodys() -> None:
    machine = Machine(files={"/proc/5/task/5/comm": "node\n"})
    assert made_for_us(machine, 5, frozenset({5}), frozenset({5, 7, 8})) == frozenset()
