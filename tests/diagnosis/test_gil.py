"""What is told of threads that wait for the interpreter."""

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import call, cpu, library, native, python, thread, window
from perfdoctor.diagnosis.patterns import gil_contention
from perfdoctor.schemas.frame import Stack


def fix_of(stack: Stack) -> str:
    computes = tuple(cpu(stack, 2.4, leaf=(native("_PyLong_Multiply"),)) for _ in range(4))
    waits = call("futex", stack, 7000, on="futex:0xa94b8c (interpreter)", errors=3000, blocked=29.0)
    times = tuple(thread(running=2.4, asleep=7.3, tid=i) for i in range(4))
    (finding,) = gil_contention.check(Account(window(calls=(waits,), samples=computes, times=times)))
    return finding.fix


def test_it_is_told_where_the_work_begins_that_another_process_may_do() -> None:
    pool = library("concurrent/futures/thread.py", "_WorkItem.run")
    inner, outer = python(53, "sow"), python(84, "advise")
    assert "84 (advise)` calls, or a part) to processes" in fix_of((inner, outer, pool))
    assert "give it to processes" in fix_of((inner, pool))
