"""What the engine saw, to V8's samples: calls by the function of Node.js that makes them, native code by time."""

from collections import Counter

import pytest

from perfdoctor.collectors.javascript import below, divided, join_by_name, with_allocators, with_callers
from perfdoctor.collectors.timeline import Event, Sample
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.frame import Frame, FrameKind, Stack


def native(*names: str) -> Stack:
    return tuple(Frame(kind=FrameKind.NATIVE, function=name) for name in names)


def script(name: str) -> Stack:
    return (Frame(kind=FrameKind.JAVASCRIPT, function=name, file="/srv/a.js", line=1),)


COMPUTES, STATS, READS = script("computes"), (*native("stat"), *script("stats")), (*native("read"), *script("reads"))
STAT = native("statx", "uv_fs_stat", "node::fs::Stat(v8::FunctionCallbackInfo<v8::Value> const&)")
OTHER = native("madvise", "v8::internal::Zone::DeleteAll()")


def test_a_call_is_charged_to_a_sample_in_its_function_and_not_to_what_computes_beside_it() -> None:
    samples = [Sample(100, 7, COMPUTES), Sample(200, 7, READS), Sample(90_000, 7, STATS)]
    stat, other = (1, "statx", "/x", STAT), (1, "madvise", None, OTHER)
    joined = join_by_name(samples, [Event(101, 102, 7, stat), Event(101, 102, 7, other)], reach=50)
    assert joined.shares[stat] == {STATS: 1}
    assert joined.shares[other] == {(): 1}
    assert (joined.near, joined.without) == (1, 1)


def test_a_sample_in_a_call_that_lasts_is_its_own() -> None:
    samples = [Sample(100, 7, STATS), Sample(200, 7, READS)]
    joined = join_by_name(samples, [Event(150, 250, 7, (1, "read", "/x", native("read")))], reach=10)
    assert joined.covered == 1 and list(joined.shares.values()) == [{READS: 1}]


def test_what_the_event_loop_waits_in_is_nobodys_line() -> None:
    waits = (1, "epoll_pwait", "fd:13", native("epoll_pwait", "uv__io_poll"))
    joined = join_by_name([Sample(100, 7, STATS)], [Event(101, 102, 7, waits)], reach=50)
    assert not joined.shares


def test_a_wait_of_the_language_itself_is_its_callers() -> None:
    stack = native("futex", "v8::internal::FutexEmulation::WaitJs32(…)", "v8::internal::Builtin_AtomicsWait(int)")
    waits = (1, "futex", "futex:0x10", stack)
    pauses = script("pauses")
    samples = [Sample(100, 7, READS), Sample(150, 7, pauses), Sample(900, 7, COMPUTES)]
    joined = join_by_name(samples, [Event(110, 200, 7, waits)], reach=20)
    assert joined.shares[waits] == {pauses: 1}


def test_what_is_called_of_node_itself_is_no_wait_of_the_language() -> None:
    stack = native("connect", "node::TCPWrap::Connect(v8::…)", "v8::internal::Builtin_HandleApiCall(int)")
    opens, connects = (1, "connect", "fd:5", stack), (*native("connect"), *script("dials"))
    samples = [Sample(109, 7, COMPUTES), Sample(700, 7, connects)]
    joined = join_by_name(samples, [Event(110, 120, 7, opens)], reach=20)
    assert joined.shares[opens] == {connects: 1}


def test_what_is_sent_is_no_line_that_computes_beside_it() -> None:
    sends = (1, "write", "fd:5", native("write", "uv__write", "node::LibuvStreamWrap::DoTryWrite(…)"))
    within = Frame(kind=FrameKind.JAVASCRIPT, function="Socket._writeGeneric", file="node:net", line=927)
    splits, asks = (*native("split"), *script("handles"), within), (*native("writeBuffer"), within, *script("asks"))
    event = [Event(110, 120, 7, sends)]
    assert sends not in join_by_name([Sample(112, 7, splits)], event, reach=20).shares
    assert join_by_name([Sample(112, 7, splits), Sample(125, 7, asks)], event, reach=20).shares[sends] == {asks: 1}


def test_native_code_is_charged_to_the_function_that_v8_sampled_beside_it() -> None:
    line, other = script("computes")[0], script("computes")[0].model_copy(update={"line": 9})
    shift = native("memmove", "v8::internal::Builtin_ArrayShift(int)", "[anonymous memory]", "Builtins_JSEntry")
    own = native("[anonymous memory]", "[anonymous memory]", "main")
    events = [Event(at, at, 7, (shift, ())) for at in (99, 101, 102)] + [Event(103, 103, 7, (own, native("irq")))]
    (found,) = below([Sample(100, 7, (line,)), Sample(90_000, 7, READS)], events, reach=50).values()
    assert found == {(shift[:2], ()): 3, (own[:1], native("irq")): 1}
    # V8 knows the lines of a function apart, but not which of its samples fell into which: they share what was found.
    rows = list(divided(CpuRow(pid=7, stack=(other,), samples=10, seconds=2.0), found))
    assert [(row.native, row.samples, row.seconds) for row in rows] == [(shift[:2], 7, 1.5), (own[:1], 3, 0.5)]
    assert {row.stack for row in rows} == {(other,)}


def test_a_row_without_native_code_beside_it_stays_what_it_was() -> None:
    row = CpuRow(pid=7, stack=COMPUTES, samples=3, seconds=0.1)
    assert list(divided(row, {})) == [row]


def test_a_builtin_at_work_is_not_its_collector() -> None:
    collector = Frame(kind=FrameKind.NATIVE, function="(garbage collector)")
    row = CpuRow(pid=1, stack=(collector, *COMPUTES), samples=10, seconds=1.0)
    grows, collects = native("Builtins_GrowFastSmiOrObjectElements"), native("v8::internal::Heap::Scavenge()")
    both = (*native("memmove"), *native("v8::internal::Heap::CopyRange()", "Builtins_ArrayMap"))
    parts = {part.native: part for part in divided(row, {(grows, ()): 6, (collects, ()): 3, (both, ()): 1})}
    assert parts[grows].stack == COMPUTES
    assert parts[collects].stack == parts[both].stack == row.stack
    assert sum(part.samples for part in parts.values()) == 10


def test_a_builtin_without_a_caller_belongs_to_those_that_call_it() -> None:
    grows, sorts = native("memmove", "Builtins_GrowElements"), native("Builtins_ArraySort")

    def row(stack: Stack, inner: Stack, samples: int) -> CpuRow:
        return CpuRow(pid=1, stack=stack, native=inner, samples=samples, seconds=samples / 10)

    program = native("(program)")
    rows = [
        row(COMPUTES, grows, 30),
        row(READS, grows, 10),
        row(program, grows, 20),
        row(program, sorts, 5),
    ]
    told = with_callers(rows)
    assert sum(r.samples for r in told) == 65
    assert sum(r.seconds for r in told) == pytest.approx(6.5)
    assert [r.samples for r in told if r.stack == COMPUTES] == [30, 15]
    assert [r.samples for r in told if r.stack == READS] == [10, 5]
    assert [r.samples for r in told if r.stack == program] == [5]


def test_calls_without_a_sample_near_them_belong_to_the_lines_of_the_others() -> None:
    stat = (1, "statx", "/x", STAT)
    events = [Event(at, at + 1, 7, stat) for at in (101, 102, 10**9, 2 * 10**9)]
    joined = join_by_name([Sample(100, 7, READS)], events, reach=50)
    assert joined.shares[stat] == {READS: 2} and joined.without == 2
    few = join_by_name(
        [Sample(100, 7, READS)], [events[0], *(Event(10**9 + i, 10**9 + i, 7, stat) for i in range(20))], reach=50
    )
    assert few.shares[stat] == {READS: 1, (): 20}


def test_the_collector_works_for_who_ran_before_it_at_the_line_that_makes_objects() -> None:
    collects, makes = native("(garbage collector)"), script("makes")
    ticks = Counter({COMPUTES: 4, collects: 6})
    samples = [
        Sample(at, 7, stack) for at, stack in enumerate([COMPUTES, collects, collects, READS, COMPUTES, collects])
    ]
    assert with_allocators(ticks, samples, {}) == {COMPUTES: 4, (*collects, *COMPUTES): 6}
    assert with_allocators(ticks, samples, {COMPUTES: makes}) == {COMPUTES: 4, (*collects, *makes): 6}
    assert with_allocators(ticks, [], {}) == ticks
