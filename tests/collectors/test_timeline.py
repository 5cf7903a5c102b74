"""Events to the stacks that were sampled around them: none is lost, and none is charged to what was far away."""

from collections.abc import Hashable

from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.timeline import Event, Joined, Sample, Timeline, divide, place_calls, place_talk
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.network import NetworkUse, Peer, StatementShape, TalkRow
from perfdoctor.schemas.syscalls import SyscallProfile, SyscallRow


def stack(name: str) -> Stack:
    return (Frame(kind=FrameKind.JAVASCRIPT, function=name),)


A, B, C = stack("a"), stack("b"), stack("c")
SAMPLES = [Sample(3000, 7, B), Sample(1000, 7, A), Sample(1000, 8, C)]


def test_an_event_belongs_to_the_sample_that_was_taken_in_it_else_to_the_nearest() -> None:
    line = Timeline(SAMPLES, reach=1500)
    assert line.find(7, 900, 1100) == (A, True)
    assert line.find(7, 500, 3500) == (A, True)
    assert line.find(7, 1200, 1300) == (A, False)
    assert line.find(7, 2400, 2500) == (B, False)
    assert line.find(7, 4501, 4600) is None  # too far behind the last
    assert line.find(8, 2000, 2001) == (C, False)
    assert line.find(9, 1000, 1001) is None
    assert line.threads == {7, 8}


def test_of_the_samples_that_are_near_the_nearest_that_fits_best_has_the_event() -> None:
    line = Timeline([*SAMPLES, Sample(1200, 7, C)], reach=1500)

    def fits(stack: Stack, _apart: bool) -> int:
        return {A: 2, B: 1, C: 0}[stack]

    assert line.find(7, 1250, 1260, fits) == (A, False)
    assert line.find(7, 1150, 1300, fits) == (A, False)  # (the one that was taken in it cannot be of it)
    assert line.find(7, 2900, 2950, fits) == (B, False)  # (of A it is too far away)
    assert line.find(8, 1100, 1101, fits) is None


def test_what_cannot_be_of_the_samples_near_it_is_where_others_like_it_are() -> None:
    line = Timeline([Sample(1000, 7, A), Sample(9000, 7, B), Sample(9500, 7, B), Sample(20_000, 7, C)], reach=1500)

    def fits(key: Hashable, stack: Stack, _apart: bool) -> int:
        return 0 if stack == C else 2 if stack == A or key == "other" else 1

    rows = [Event(at, at + 9, 7, "row") for at in (1010, 9010, 9020, 20_010, 20_020, 20_030)]
    joined = line.join([*rows, Event(20_040, 20_049, 7, "other"), Event(30_000, 30_009, 7, "row")], fits)
    assert joined.shares == {"row": {A: 2, B: 5}, "other": {B: 1}}
    assert (joined.covered, joined.near, joined.alike, joined.without) == (0, 3, 5, 0)


def test_what_is_joined_is_counted() -> None:
    joined = Timeline(SAMPLES, reach=1500).join(
        [Event(900, 1100, 7, "row"), Event(2400, 2500, 7, "row"), Event(9000, 9001, 7, "row"), Event(0, 9, 9, "row")]
    )
    assert joined.shares == {"row": {A: 1, B: 1, (): 1}}
    assert (joined.covered, joined.near, joined.without) == (1, 1, 1)


ROW = SyscallRow(
    pid=1, syscall="read", object="/x", stack=C, calls=7, errors=1, bytes=70, seconds=0.7, histogram=(3, 4)
)


def test_a_row_is_divided_and_adds_up() -> None:
    parts = divide(ROW, {A: 2, B: 1})
    assert [part.stack for part in parts] == [A, B]
    assert [part.calls for part in parts] == [4, 3]
    assert sum(part.errors for part in parts) == 1
    assert sum(part.bytes for part in parts) == 70
    assert [sum(p.histogram[i] for p in parts) for i in (0, 1)] == [3, 4]


def test_rows_come_together_by_stack_and_others_stay() -> None:
    other = ROW.model_copy(update={"stack": (), "calls": 3, "bytes": 30})
    alone = ROW.model_copy(update={"syscall": "write"})
    profile = SyscallProfile(rows=(ROW, other, alone), calls=17, seconds=2.1)
    key, other_key = (1, "read", "/x", C), (1, "read", "/x", ())
    placed = place_calls(profile, Joined({key: {A: 1}, other_key: {A: 1, (): 2}}, 4, 0, 0))
    assert {(row.syscall, row.stack): row.calls for row in placed.rows} == {
        ("read", A): 8,
        ("read", ()): 2,
        ("write", C): 7,
    }
    assert sum(row.calls for row in placed.rows) == profile.calls


def test_what_was_said_to_a_peer_takes_the_stack_that_most_of_its_calls_had() -> None:
    key = (ROW.pid, ROW.syscall, ROW.object, ROW.stack)
    joined = Joined({key: {A: 1, B: 3, (): 2}, "another event": {A: 9}}, covered=4, near=0, without=2)
    here = Peer(
        transport="tcp",
        direction="outgoing",
        address="10.0.0.7:5432",
        rows=(TalkRow(pid=1, stack=C, sends=7), TalkRow(pid=2, stack=C, sends=5)),
        statements=(StatementShape(shape="SELECT ?", seen=7, pid=1, stack=C),),
    )
    (placed,) = place_talk(NetworkUse(peers=(here,)), joined).peers
    assert [(row.stack, row.sends) for row in placed.rows] == [(B, 7), (C, 5)]
    assert placed.statements[0].stack == B


def test_a_peer_takes_no_stack_that_talked_with_another_port() -> None:
    taken: Stack = (Frame(kind=FrameKind.NATIVE, function="write0"),)
    asks, serves = stack("asks"), stack("serves")
    joined = Joined({(7, "write", None, taken): {serves: 9, asks: 2}}, covered=0, near=11, without=0)
    row = TalkRow(pid=7, stack=taken, requests=3)
    called = Peer(transport="tcp", direction="outgoing", address="10.0.0.7:5432", rows=(row,))
    calling = Peer(transport="tcp", direction="incoming", address="10.0.0.9", rows=(row,))
    use = NetworkUse(peers=(called, calling))
    assert [p.rows[0].stack for p in place_talk(use, joined, {serves: {40123}, asks: {5432}}).peers] == [asks, serves]
    assert [p.rows[0].stack for p in place_talk(use, joined, {serves: {40123, 5432}}).peers] == [serves, serves]
    assert [p.rows[0].stack for p in place_talk(use, joined).peers] == [serves, serves]


@given(st.integers(0, 10**9), st.lists(st.integers(1, 10**6), min_size=1, max_size=20))
def test_every_division_adds_up(calls: int, weights: list[int]) -> None:
    parts = divide(ROW.model_copy(update={"calls": calls}), {stack(str(i)): w for i, w in enumerate(weights)})
    assert sum(part.calls for part in parts) == calls
    assert all(part.calls >= 0 for part in parts)


def test_times_are_of_what_lasted() -> None:
    """A thread of a pool waits on one futex for two answers of a millisecond and for work of two seconds."""
    row = ROW.model_copy(update={"calls": 3, "seconds": 2.002, "blocked_seconds": 1.001, "unfinished": 0})
    answers, work = divide(row, {A: 2, B: 1}, {A: 2_000_000, B: 2_000_000_000})
    assert (answers.calls, round(answers.seconds, 6), round(answers.blocked_seconds, 6)) == (2, 0.002, 0.001)
    assert (work.calls, round(work.seconds, 6), round(work.blocked_seconds, 6)) == (1, 2.0, 1.0)


def test_what_has_not_ended_is_where_most_time_went() -> None:
    row = ROW.model_copy(update={"calls": 3, "seconds": 3.002, "unfinished": 1})
    answers, work = divide(row, {A: 2, B: 1}, {A: 2_000_000, B: 2_000_000_000})
    assert (answers.unfinished, round(answers.seconds, 6)) == (0, 0.002)
    assert (work.unfinished, round(work.seconds, 6)) == (1, 3.0)


def test_of_what_lasts_much_longer_than_anything_that_ended_nobody_knows_where_it_is() -> None:
    row = ROW.model_copy(update={"calls": 2, "seconds": 3.002, "unfinished": 1})
    answers, rest = divide(row, {A: 2}, {A: 2_000_000})
    assert (answers.stack, answers.unfinished, round(answers.seconds, 6)) == (A, 0, 0.002)
    assert (rest.stack, rest.calls, rest.unfinished, round(rest.seconds, 6)) == (row.stack, 0, 1, 3.0)
    (soon,) = divide(row.model_copy(update={"seconds": 0.007}), {A: 2}, {A: 2_000_000})
    assert (soon.stack, soon.calls, soon.unfinished, round(soon.seconds, 6)) == (A, 2, 1, 0.007)


def test_of_some_events_that_are_told_the_others_took_as_long() -> None:
    row = ROW.model_copy(update={"calls": 30, "seconds": 20.02, "unfinished": 0})
    answers, work = divide(row, {A: 2, B: 1}, {A: 2_000_000, B: 2_000_000_000})
    assert (round(answers.seconds, 3), round(work.seconds, 3)) == (0.02, 20.0)


@given(
    st.lists(st.tuples(st.integers(1, 1000), st.integers(0, 10**10)), min_size=1, max_size=8),
    st.floats(0, 100),
    st.integers(0, 3),
    st.integers(0, 10**6),
)
def test_every_division_by_time_adds_up(
    told: list[tuple[int, int]], seconds: float, unfinished: int, calls: int
) -> None:
    row = ROW.model_copy(update={"calls": calls, "seconds": seconds, "unfinished": unfinished})
    shares = {stack(str(i)): number for i, (number, _) in enumerate(told)}
    parts = divide(row, shares, {stack(str(i)): lasted for i, (_, lasted) in enumerate(told)})
    assert (sum(p.calls for p in parts), sum(p.unfinished for p in parts)) == (calls, unfinished)
    assert abs(sum(p.seconds for p in parts) - seconds) < 1e-6
    assert all(p.seconds >= 0 and p.calls >= 0 for p in parts)


def test_a_thread_that_slept_did_nothing_of_that_before_or_after() -> None:
    """It waited for work, and 1 ms after it had got some for an answer: the long wait is not for answers."""
    ms = 1_000_000
    line = Timeline([Sample(at * ms, 7, A, (1001 * ms, 1021 * ms)) for at in (1001, 1021)], reach=20 * ms)

    def fits(_key: Hashable, _stack: Stack, apart: bool) -> int:
        return 0 if apart else 2

    events = [Event(0, 1000 * ms, 7, "row"), Event(1001 * ms - 50_000, 1021 * ms - 50_000, 7, "row")]
    joined = line.join(events, fits)
    assert joined.shares == {"row": {A: 1, (): 1}}
    assert joined.lasted == {"row": {A: 20 * ms, (): 1000 * ms}}
    assert Sample(0, 7, A, (1000 * ms, 1001 * ms)).is_apart(
        0, 1000 * ms
    )  # (they touch, by clocks that differ a little)
    # (one that takes no longer than others of its row is where they are)
    again = line.join([events[1], Event(900 * ms, 1000 * ms, 7, "row")], fits)
    assert again.shares == {"row": {A: 2}} and again.lasted == {"row": {A: 120 * ms}}
