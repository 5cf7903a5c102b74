"""Who waits for whom: circles of threads that wait for each other, and holders that sleep elsewhere."""

from collections.abc import Iterable, Mapping

from perfdoctor.collectors.standing.look import Look
from perfdoctor.collectors.standing.states import Followed
from perfdoctor.schemas.thread_stacks import StuckHolder, WaitEdge, WaitKind

_ASLEEP = 0.95
"""share of the window that a stuck holder slept"""


def edges(threads: Mapping[int, Followed], begin: Look, end: Look) -> tuple[WaitEdge, ...]:
    """Of the window's end. The one waited for must be a living thread of the same process."""
    by_own = {(thread.pid, thread.own_tid): thread.tid for thread in threads.values() if not thread.ended}
    found = []
    for tid, place in end.places.items():
        held, waiter = place.held, threads.get(tid)
        if held is None or waiter is None:
            continue
        holder = by_own.get((waiter.pid, held.owner))
        # A word that happens to be the thread's own number is no end that it waits for.
        if holder is None or (holder == tid and held.kind is WaitKind.JOIN):
            continue
        before = begin.places.get(tid)
        stands = before is not None and before.held == held and (waiter.rested or held.certain)
        found.append(
            WaitEdge(pid=waiter.pid, kind=held.kind, address=held.address, waiter=tid, holder=holder, stands=stands)
        )
    return tuple(sorted(found, key=lambda edge: (edge.holder, edge.address, edge.waiter)))


def deadlocks(found: Iterable[WaitEdge]) -> tuple[tuple[int, ...], ...]:
    """Circles, each from its lowest thread id on. A thread waits for one other at most, so that following is enough."""
    after = {edge.waiter: edge.holder for edge in found if edge.stands}
    circles: set[tuple[int, ...]] = set()
    done: set[int] = set()
    for start in sorted(after):
        path: dict[int, None] = {}
        at = start
        while at in after and at not in path and at not in done:
            path[at] = None
            at = after[at]
        if at in path:
            order = list(path)
            circle = order[order.index(at) :]
            lowest = circle.index(min(circle))
            circles.add((*circle[lowest:], *circle[:lowest]))
        done.update(path)
    return tuple(sorted(circles))


def stuck(
    found: Iterable[WaitEdge], threads: Mapping[int, Followed], asleep: Mapping[int, float]
) -> tuple[StuckHolder, ...]:
    """Holders that wait for no other thread, slept all the while, and let go of nothing: none of those that wait for it
    was woken. ``asleep``: the share of the window by thread."""
    every = tuple(found)
    waiting = {edge.waiter for edge in every}
    locks: dict[tuple[int, int, int], list[WaitEdge]] = {}
    for edge in every:
        if edge.kind is WaitKind.MUTEX:
            locks.setdefault((edge.pid, edge.holder, edge.address), []).append(edge)
    return tuple(
        StuckHolder(pid=pid, tid=tid, address=address, waiters=tuple(edge.waiter for edge in group))
        for (pid, tid, address), group in sorted(locks.items())
        if tid not in waiting
        and asleep.get(tid, 0.0) >= _ASLEEP
        and not threads[tid].began
        and all(edge.stands for edge in group)
    )
