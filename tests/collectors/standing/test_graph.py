"""Circles, and holders that sleep: of graphs made by hand."""

from perfdoctor.collectors.standing.graph import deadlocks, edges, stuck
from perfdoctor.collectors.standing.look import Held, Look, Standing
from perfdoctor.collectors.standing.states import Followed
from perfdoctor.schemas.thread_stacks import WaitEdge, WaitKind


def edge(waiter: int, holder: int, *, stands: bool = True, address: int = 0) -> WaitEdge:
    return WaitEdge(pid=1, kind=WaitKind.MUTEX, address=address or holder, waiter=waiter, holder=holder, stands=stands)


def thread(tid: int, *, own: int = 0, pid: int = 1, began: bool = False) -> Followed:
    return Followed(pid=pid, tid=tid, started=0.0, own_tid=own or tid, name="t", first_at=0.0, began=began)


def look(**held: Held) -> Look:
    return Look(places={int(name[1:]): Standing(held=what) for name, what in held.items()})


def test_circles_are_told_once_and_what_leads_into_them_is_not_of_them() -> None:
    found = [edge(4, 3), edge(3, 2), edge(2, 3), edge(9, 9), edge(7, 8), edge(8, 6)]
    assert deadlocks(found) == ((2, 3), (9,))
    assert deadlocks(reversed(found)) == ((2, 3), (9,))


def test_a_circle_that_did_not_stand_is_none() -> None:
    assert deadlocks([edge(1, 2), edge(2, 1, stands=False)]) == ()


def test_who_is_waited_for_is_a_living_thread_of_the_same_process() -> None:
    threads = {tid: thread(tid, own=tid - 100) for tid in (101, 102, 103)} | {201: thread(201, own=3, pid=2)}
    held = Held(WaitKind.MUTEX, 0x10, 2)
    now = look(_101=held, _103=Held(WaitKind.MUTEX, 0x10, 7), _201=held)
    (found,) = edges(threads, look(_101=held), now)
    assert (found.waiter, found.holder, found.stands) == (101, 102, True)
    threads[101].last_ran = 0.1
    assert not edges(threads, look(_101=held), now)[0].stands
    threads[102].ended = True
    assert edges(threads, look(), now) == ()


def test_nobody_waits_for_his_own_end() -> None:
    now = look(_1=Held(WaitKind.JOIN, 0x10, 1))
    assert edges({1: thread(1)}, now, now) == ()


def test_a_stuck_holder_slept_waits_for_nobody_and_woke_nobody() -> None:
    threads = {tid: thread(tid) for tid in (1, 2, 3)}
    assert [s.waiters for s in stuck([edge(1, 3), edge(2, 3)], threads, {3: 1.0})] == [(1, 2)]
    assert not stuck([edge(1, 3), edge(2, 3)], threads, {3: 0.5})
    assert not stuck([edge(1, 3), edge(2, 3, stands=False)], threads, {3: 1.0})
    assert not stuck([edge(1, 3), edge(3, 2)], threads, {3: 1.0, 2: 0.0})
    threads[3].began = True
    assert not stuck([edge(1, 3)], threads, {3: 1.0})
