"""Every second is in one state, and the states add up."""

import pytest

from perfdoctor.diagnosis.example import call, cpu, kernel, library, native, python, window
from perfdoctor.diagnosis.ledger import ledger
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.ledger import Ledger, State
from perfdoctor.schemas.syscalls import PacedLine, SyscallProfile
from perfdoctor.schemas.threads import ThreadTime
from perfdoctor.schemas.waits import WaitKind, WaitRow

OWN = (python(8, "work"),)
ROWS = (
    call("fsync", OWN, 40, on="/data/x", blocked=2.0),
    call("futex", OWN, 900, on="futex:0x1", blocked=1.0),
    call("clock_nanosleep", (*OWN, python(60, "page")), 10, blocked=3.0),
    call("futex", (library("queue.py", "Queue.get"), *OWN), 5, blocked=4.0),
)
SAMPLES = (cpu(OWN, 3.0), cpu(OWN, 1.0, inside=kernel("do_syscall_64")))


def seconds(account: Ledger) -> dict[State, float]:
    return {row.state: row.seconds for row in account.rows}


def followed(**figures: float) -> Evidence:
    base = {"running": 4.0, "runnable": 0.5, "in_syscall": 10.0, "elsewhere": 0.25}
    base.update(figures)
    thread = ThreadTime(pid=1, tid=1, name="t", wall=sum(base.values()), **base)
    evidence = window(calls=ROWS, samples=SAMPLES, threads=0)
    wait = WaitRow(pid=1, kind=WaitKind.BLOCKED, stack=OWN, count=3, seconds=0.25)
    return evidence.model_copy(update={"threads": (thread,), "waits": (wait,)})


def test_each_state_has_its_seconds() -> None:
    account = ledger(followed())
    assert seconds(account) == pytest.approx(
        {
            State.IDLE: 4.0,
            State.RUNNING_USER: 3.0,
            State.SLEEP: 3.0,
            State.FILE: 2.0,
            State.RUNNING_KERNEL: 1.0,
            State.LOCK: 1.0,
            State.RUNNABLE: 0.5,
            State.OUTSIDE: 0.25,
        }
    )
    assert account.thread_seconds == pytest.approx(14.75)
    assert account.busy_seconds == pytest.approx(10.75)
    assert account.unaccounted == pytest.approx(0.0)
    assert [row.seconds for row in account.rows] == sorted((row.seconds for row in account.rows), reverse=True)
    assert all(row.top == OWN for row in account.rows if row.state in (State.FILE, State.OUTSIDE, State.RUNNING_KERNEL))


def test_a_runtimes_watcher_that_waits_for_a_core_holds_nobody_up() -> None:
    watcher = WaitRow(pid=1, kind=WaitKind.RUNNABLE, stack=(native("runtime.sysmon"),), count=9, seconds=0.3)
    worker = WaitRow(pid=1, kind=WaitKind.RUNNABLE, stack=OWN, count=9, seconds=0.2)
    evidence = followed()
    account = ledger(evidence.model_copy(update={"waits": (*(evidence.waits or ()), watcher, worker)}))
    assert seconds(account)[State.RUNNABLE] == pytest.approx(0.2)
    assert seconds(account)[State.IDLE] == pytest.approx(4.3)
    assert next(row for row in account.rows if row.state is State.RUNNABLE).top == OWN
    assert account.thread_seconds == pytest.approx(14.75)
    assert account.busy_seconds == pytest.approx(10.45)


def test_time_that_no_row_explains_is_neither_idle_nor_busy() -> None:
    account = ledger(followed(in_syscall=15.0))
    assert account.unaccounted == pytest.approx(5.0)
    assert account.busy_seconds == pytest.approx(10.75)


def test_without_samples_the_kernel_share_comes_from_the_calls() -> None:
    evidence = followed().model_copy(update={"cpu": None})
    rows = (call("write", OWN, 9, on="/data/x", seconds=1.5, blocked=0.5),)
    profile = SyscallProfile(rows=rows, calls=9, seconds=1.5)
    assert seconds(ledger(evidence.model_copy(update={"syscalls": profile})))[State.RUNNING_KERNEL] == pytest.approx(
        1.0
    )


def test_without_threads_the_account_is_what_was_measured() -> None:
    account = ledger(followed().model_copy(update={"threads": None}))
    assert account.thread_seconds == pytest.approx(14.25)
    assert account.unaccounted == pytest.approx(0.0)


def test_nothing_measured_is_an_empty_account() -> None:
    bare = window(threads=0).model_copy(update={"threads": None, "syscalls": None, "cpu": None, "waits": None})
    account = ledger(bare)
    assert account.rows == ()
    assert account.busy_seconds == account.thread_seconds == 0


def test_each_process_of_a_tree_has_an_account_that_adds_up() -> None:
    one = window(calls=ROWS, samples=SAMPLES, threads=2)
    theirs = [row.model_copy(update={"pid": 77}) for row in ROWS[:2]]
    other = ThreadTime(pid=77, tid=77, name="t", wall=3.5, running=0.0, runnable=0.5, in_syscall=3.0, elsewhere=0.0)
    assert one.syscalls is not None
    rows = (*one.syscalls.rows, *theirs)
    both = one.model_copy(
        update={
            "threads": (*(one.threads or ()), other),
            "syscalls": one.syscalls.model_copy(update={"rows": rows}),
        }
    )
    account = ledger(both)
    first, second = account.processes
    assert (second.pid, second.threads) == (77, 1)
    assert {row.state: row.seconds for row in second.rows} == pytest.approx(
        {State.FILE: 2.0, State.LOCK: 1.0, State.RUNNABLE: 0.5}
    )
    assert first.busy_seconds + second.busy_seconds == pytest.approx(account.busy_seconds)
    assert abs(first.unaccounted) < 1e-9 and abs(second.unaccounted) < 1e-9
    assert ledger(one).processes == ()


def test_what_tracing_costs_is_not_the_programs_time() -> None:
    program = kernel("bpf_prog_1_native_frame", "bpf_trace_run2", "__bpf_trace_sys_enter", "do_syscall_64")
    network = kernel("bpf_prog_2_classify", "cls_bpf_classify", "tcf_classify")
    evidence = window(samples=(cpu(OWN, 3.0, inside=program), cpu(OWN, 1.0, inside=network), cpu(OWN, 4.0)), threads=0)
    account = ledger(evidence.model_copy(update={"threads": None}))
    assert seconds(account)[State.MEASURED] == pytest.approx(3.0)
    assert seconds(account)[State.RUNNING_KERNEL] == pytest.approx(1.0)
    assert account.busy_seconds == pytest.approx(5.0)
    assert sum(row.seconds for row in account.rows) == pytest.approx(8.0)


def test_a_timer_is_idle_beside_threads_at_work_and_a_short_sleep_is_not() -> None:
    each_second = call("clock_nanosleep", (python(3, "report"),), 9, blocked=9.0)
    retries = call("clock_nanosleep", (python(5, "ask"), python(50, "page")), 90, blocked=9.0)
    busy = window(calls=(each_second, retries), samples=(cpu(OWN, 6.0),), threads=0)
    rest = window(calls=(each_second,), threads=0)
    at_work = seconds(ledger(busy.model_copy(update={"threads": None})))
    assert at_work[State.IDLE] == at_work[State.SLEEP] == pytest.approx(9.0)
    at_rest = seconds(ledger(rest.model_copy(update={"threads": None})))
    assert at_rest[State.SLEEP] == pytest.approx(9.0) and State.IDLE not in at_rest


def test_a_pause_that_a_threads_own_loop_makes_is_its_pace_and_not_time_that_work_takes() -> None:
    main = (python(5, "beat"), python(40, "main"), python(60, "<module>"))
    pace = call("clock_nanosleep", main, 300, blocked=6.0)
    looks = call("clock_nanosleep", main, 3000, blocked=6.0)
    within = call("clock_nanosleep", (python(9, "ask"), *main), 300, blocked=6.0)
    told = [
        seconds(ledger(window(calls=(row,), samples=(cpu(OWN, 6.0),), threads=0).model_copy(update={"threads": None})))
        for row in (pace, looks, within)
    ]
    assert [account.get(State.SLEEP, 0.0) for account in told] == pytest.approx([0.0, 6.0, 6.0])


def test_a_sleep_until_a_moment_that_was_worked_out_is_a_pace_wherever_it_stands() -> None:
    line = (python(9, "wait_for_tick"), python(5, "beat"), python(40, "main"))
    busy = window(calls=(call("clock_nanosleep", line, 300, blocked=6.0),), samples=(cpu(OWN, 6.0),), threads=0)
    told = [
        seconds(ledger(busy.model_copy(update={"threads": None, "paced": paced})))
        for paced in ((), (PacedLine(file=str(line[0].file), line=9),))
    ]
    assert [account.get(State.SLEEP, 0.0) for account in told] == pytest.approx([6.0, 0.0])
