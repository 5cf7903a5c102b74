"""Evidence becomes an answer: every figure here was worked out by hand from ``samples``."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.schemas.cpu import CpuProfile
from perfdoctor.schemas.finding import Diagnosis
from perfdoctor.schemas.frame import Frame
from perfdoctor.schemas.ledger import LedgerRow, LoopRow, ProcessRow, State
from perfdoctor.schemas.locks import LockProfile, LockWait
from perfdoctor.schemas.locks_answer import LockRole
from perfdoctor.schemas.memory import MemoryTrend
from perfdoctor.schemas.syscalls import SyscallProfile
from perfdoctor.server.answers.comparison import compare_answer
from perfdoctor.server.answers.cpu import cpu_answer
from perfdoctor.server.answers.diagnosis import diagnose_answer
from perfdoctor.server.answers.locks import locks_answer
from perfdoctor.server.answers.memory_map import memory_answer
from perfdoctor.server.answers.place import Cut
from perfdoctor.server.answers.syscalls import percentile, syscall_answer
from perfdoctor.server.formatters import diagnosis, locks
from perfdoctor.server.formatters.memory_map import say as say_memory
from perfdoctor.server.formatters.words import chain
from tests.server import samples


def own(frame: Frame) -> Frame:
    """As an answer shows it: marked as the first of the user's own."""
    return frame.model_copy(update={"user": True})


def test_cpu_time_is_charged_to_the_users_line_and_counted_once_per_stack() -> None:
    answer = cpu_answer("r-x", samples.evidence(), rows=10, frames=8)
    lines = {line.location.function: line for line in answer.lines}
    assert [line.location.function for line in answer.lines][:2] == ["rank", "load"]
    assert (lines["rank"].self_seconds, lines["rank"].total_seconds) == (4.0, 4.0)
    assert lines["rank"].doing == "list_contains"
    # json's decoder is not the user's: its time is charged to load, which called it.
    assert (lines["load"].self_seconds, lines["load"].total_seconds) == (3.0, 3.0)
    assert lines["load"].doing == "decode"
    assert "decode" not in lines
    assert (lines["main"].self_seconds, lines["main"].total_seconds) == (0.0, 7.0)
    assert sum(line.self_share for line in answer.lines) == pytest.approx(1.0)
    assert answer.cores_used == pytest.approx(7 / 5)
    assert answer.kernel_share == pytest.approx(1 / 7)
    assert "57% at `/srv/shop/search.py:41 rank`, doing list_contains" in answer.summary


def test_equal_stacks_are_one_and_what_is_cut_is_counted() -> None:
    answer = cpu_answer("r-x", samples.evidence(), rows=3, frames=1)
    assert answer.total_stacks == 3
    assert [(stack.stack, stack.seconds) for stack in answer.stacks] == [((own(samples.RANK),), 4.0)]
    assert answer.stacks[0].omitted_frames == 1
    assert answer.omitted_stacks == 2
    assert (len(answer.lines), answer.total_lines, answer.omitted_lines) == (3, 3, 0)


def test_recursion_is_counted_once() -> None:
    row = samples.cpu_rows()[1].model_copy(update={"stack": (samples.RANK, samples.RANK, samples.MAIN)})
    answer = cpu_answer("r-x", samples.evidence(cpu=CpuProfile(rows=(row,), cpu_seconds=1.0)), rows=5, frames=8)
    assert {line.location.function: line.total_seconds for line in answer.lines} == {"rank": 1.0, "main": 1.0}


def test_nothing_on_the_cpu_is_said_as_such() -> None:
    answer = cpu_answer("r-x", samples.evidence(cpu=CpuProfile()), rows=5, frames=8)
    assert answer.lines == ()
    assert answer.summary.startswith("Not one sample fell on it")
    assert answer.next[0].tool == "trace-syscalls"


def test_system_calls_by_call_and_by_line() -> None:
    answer = syscall_answer("r-x", samples.evidence(), rows=10, frames=8)
    assert (answer.calls, answer.calls_per_second) == (311, pytest.approx(62.2))
    totals = {total.syscall: total for total in answer.totals}
    assert (totals["read"].calls, totals["read"].bytes, totals["read"].seconds) == (211, 3376, 0.75)
    assert totals["read"].mean_seconds == pytest.approx(0.75 / 211)
    assert totals["read"].p50_seconds == pytest.approx(1023e-9)
    assert totals["read"].p99_seconds == pytest.approx(16383e-9)
    assert totals["read"].max_seconds == 0.05
    assert totals["epoll_wait"].p50_seconds is None
    lines = {(line.location.function if line.location else None, line.syscall): line for line in answer.lines}
    read = lines["load", "read"]
    assert (read.calls, read.empty, read.object, read.objects) == (211, 1, "/srv/a.json", 2)
    assert read.stack == (own(samples.LOAD), samples.MAIN)
    assert lines["load", "newfstatat"].errors == 89
    # One waits most, one calls most: both come before what does neither.
    assert {line.syscall for line in answer.lines[:2]} == {"epoll_wait", "read"}
    assert sum(line.calls for line in answer.lines) == answer.calls
    assert sum(line.seconds for line in answer.lines) == pytest.approx(answer.seconds)


def test_what_is_cut_of_the_system_calls_is_counted() -> None:
    answer = syscall_answer("r-x", samples.evidence(), rows=1, frames=1)
    assert (len(answer.totals), answer.total_syscalls, answer.omitted_syscalls) == (1, 3, 2)
    assert (len(answer.lines), answer.total_lines, answer.omitted_lines) == (1, 3, 2)


def test_no_system_call_is_said_as_such() -> None:
    answer = syscall_answer("r-x", samples.evidence(syscalls=SyscallProfile()), rows=5, frames=8)
    assert answer.summary.startswith("It made no system call")
    assert answer.next[0].tool == "trace-cpu"


@given(st.lists(st.integers(min_value=0, max_value=2**32 - 1), min_size=1, max_size=200), st.sampled_from([0.5, 0.99]))
def test_a_percentile_is_an_upper_bound_within_a_factor_of_two(nanoseconds: list[int], share: float) -> None:
    histogram = [0] * 32
    for value in nanoseconds:
        histogram[max(0, value.bit_length() - 1)] += 1
    bound = percentile(histogram, share, max(nanoseconds) / 1e9)
    assert bound is not None
    exact = sorted(nanoseconds)[max(0, -(-len(nanoseconds) * int(share * 100) // 100) - 1)] / 1e9
    if exact:
        assert exact <= bound < exact * 2 + 1e-9


def test_a_diagnosis_leads_with_its_first_finding() -> None:
    answer = diagnose_answer("r-x", samples.evidence(), samples.diagnosis(), rows=10, frames=1)
    assert answer.summary.startswith("1 problem over 7.1 s of busy time")
    assert answer.summary.endswith("First: One loop holds the CPU.")
    assert answer.findings[0].stack == (own(samples.RANK),)
    assert [call.tool for call in answer.next] == ["code-inspect", "trace-cpu", "diagnose", "compare"]
    assert answer.next[0].arguments == {"recording": "r-x", "file": "/srv/shop/search.py", "line": 41}
    assert answer.next[3].arguments == {"before": "r-x"}


def test_a_diagnosis_tells_of_loops_and_processes() -> None:
    found = samples.diagnosis()
    assert found.ledger is not None
    loop = LoopRow(
        pid=7,
        tid=7,
        kind="asyncio",
        polls=90,
        idle_seconds=1.0,
        callback_seconds=3.0,
        longest_seconds=0.25,
        mean_lag_seconds=0.021,
        blocked_seconds=2.0,
        blocked_call="recvfrom",
        blocked_at=samples.RANK,
    )
    waits = LedgerRow(state=State.NETWORK, seconds=2.0, share=0.4)
    process = ProcessRow(pid=7, threads=2, thread_seconds=5.0, busy_seconds=2.0, unaccounted=0.0, rows=(waits,))
    ledger = found.ledger.model_copy(update={"loops": (loop,), "processes": (process, process)})
    answer = diagnose_answer("r-x", samples.evidence(), found.model_copy(update={"ledger": ledger}), rows=10, frames=1)
    text = diagnosis.say(answer)
    assert "Event loop (asyncio, thread 7): idle 25%, no look at events for up to 250 ms, mean lag 21 ms" in text
    assert "callbacks stood still in calls for 50%, most in recvfrom at `" in text
    assert "By process: 7 2 s busy (most blocked on the network), 7" in text


def test_a_clear_diagnosis_says_so() -> None:
    clear = Diagnosis(findings=(), not_checked=samples.diagnosis().not_checked, ledger=None)
    answer = diagnose_answer("r-x", samples.evidence(), clear, rows=10, frames=8)
    assert answer.summary.startswith("Nothing found: checked and clear")
    assert "1 pattern could not be checked" in answer.summary


def test_a_comparison_counts_the_stacks_that_it_leaves_out() -> None:
    answer = compare_answer(
        ["r-a"], ["r-b"], ([samples.evidence()], [samples.evidence()]), samples.comparison(), rows=3, frames=8
    )
    assert (len(answer.comparison.stacks), answer.omitted_stacks) == (3, 17)
    assert answer.next[0].arguments == {"recording": "r-b"}


def test_memory_is_cut_and_its_growth_said() -> None:
    sample = MemoryTrend(bytes_per_second=2.0 * (1 << 20), confidence=0.9)
    evidence = samples.evidence(memory_map=samples.memory_map(), memory=sample, collections={"memory_map": samples.HOW})
    answer = memory_answer("r-x", evidence, rows=3)
    assert (len(answer.mappings), answer.total_mappings, answer.omitted_mappings) == (3, 20, 17)
    assert answer.kinds[0].slope == (2.0 * (1 << 20), 0.9) and answer.kinds[1].slope == ()
    assert "It grows by 2 MiB/s (90% sure), most of it in `[heap]`" in answer.summary
    assert "25% of what malloc holds is free" in answer.summary
    assert "94% of its memory limit" in answer.summary
    assert answer.next[0].arguments == {"pid": samples.PID, "focus": "memory"}
    text = say_memory(answer, full=True)
    assert "throttled in 43% of the periods" in text and "Holes by size" in text and "young: times +3" in text


def test_memory_that_stands_still_is_not_said_to_grow() -> None:
    still = samples.memory_map().model_copy(update={"grown": 0, "limits": None, "allocators": ()})
    evidence = samples.evidence(memory_map=still, memory=MemoryTrend(), collections={})
    answer = memory_answer("r-x", evidence, rows=100)
    assert "grow" not in answer.summary and "malloc" not in answer.summary and "limit" not in answer.summary
    assert answer.omitted_mappings == 1 and answer.next[1].tool == "proc-memory"
    assert memory_answer("r-x", samples.evidence(), rows=3).summary == "Nothing is known of its memory."


def test_locks_by_role_and_by_both_ends() -> None:
    evidence = samples.evidence(locks=samples.lock_profile())
    answer = locks_answer("r-x", evidence, rows=2)
    # the semaphore's waits take 91 ms each, as those of an idle queue: it comes after the GIL, though it was longer
    assert [(row.lock, row.role) for row in answer.locks] == [
        ("index_lock in fast.so", LockRole.CONTENTION),
        ("the GIL of 4242", LockRole.INTERPRETER),
    ]
    assert (answer.total_locks, answer.omitted_locks, answer.total_chains, answer.omitted_chains) == (3, 1, 3, 1)
    assert (answer.waits, answer.seconds) == (59, pytest.approx(3.5))
    assert (answer.work.locks, answer.work.waits, answer.work.seconds) == (1, 3, 4.0)
    mutex = answer.locks[0]
    assert (mutex.waited.p99_seconds, mutex.waited.threads) == (0.06, 3)
    assert (mutex.held.holds, mutex.held.max_seconds) == (41, 0.055)
    chain = answer.chains[0]
    assert chain.waiter and chain.holder
    assert (chain.waiter.function, chain.holder.function, chain.waits) == ("rank", "load", 41)
    assert (answer.gil.samples, answer.gil.rows[0].share) == (2500, 0.6)
    assert answer.standing.rows[0].owner == 4244
    assert answer.summary.startswith("59 waits for 3 locks, 3.5 s in all. 57% of it for index_lock in fast.so, most at")
    text = locks.say(answer)
    assert "3 waits for work" in text and "(1 more" in text


def test_few_and_no_waits_are_said_as_such() -> None:
    quiet = samples.lock_profile()
    gil = quiet.locks[3].model_copy(update={"waiters": (LockWait(waits=2, seconds=0.001),)})
    few = locks_answer("r-x", samples.evidence(locks=LockProfile(locks=(gil,))), rows=5)
    assert few.summary.startswith("Locks held up next to nothing: 2 waits for 1 lock")
    none = locks_answer("r-x", samples.evidence(locks=LockProfile()), rows=5)
    assert none.summary == "No wait for a lock was seen to begin or end."
    blind = locks_answer("r-x", samples.evidence(locks=LockProfile(sees_waits=False, gil=quiet.gil)), rows=5)
    assert blind.summary == "Waits were not measured. Python's interpreter was held 80% of the time, by 1 thread."


def test_a_cut_stack_keeps_its_first_frame_of_the_users_own() -> None:
    library = tuple(
        samples.RANK.model_copy(update={"file": "/usr/lib/python3.11/json/a.py", "line": n}) for n in range(9)
    )
    stack = (*library, samples.RANK, samples.MAIN)
    cut = Cut(4, ())
    shown = cut.of(stack)
    assert shown[:2] == library[:2] and shown[2].function == "[7 frames]" and shown[3] == own(samples.RANK)
    assert cut.callers_left_out(stack) == 1
    assert Cut(20, ()).of(stack) == (*library, own(samples.RANK), samples.MAIN)
    assert cut.of(library) == library[:4] and cut.callers_left_out(library) == 5
    assert cut.of(()) == ()
    for frames in (4, 10, 20):
        text = chain(Cut(frames, ()).of(stack), 3, Cut(frames, ()).callers_left_out(stack))
        assert text == "`rank` < `rank a.py:1` < … 7 more < »`rank search.py:41` … 1 more"
