"""Line diff by furthest reaching paths, with the common ends cut off first."""
from __future__ import annotations

from typing import Iterator, Sequence


def _trim(a: Sequence, b: Sequence) -> tuple[int, int]:
    limit = min(len(a), len(b))
    head = 0
    while head < limit and a[head] == b[head]:
        head += 1
    tail = 0
    while tail < limit - head and a[-1 - tail] == b[-1 - tail]:
        tail += 1
    return head, tail


def _trace(a: Sequence, b: Sequence) -> list[list[int]]:
    """Per number of edits, the furthest x on each diagonal touched so far."""
    n, m = len(a), len(b)
    reach = [0, 0]
    trace = []
    for edits in range(n + m + 1):
        trace.append(reach)
        row = [0] * (edits + 2)
        for i in range(edits + 1):
            k = 2 * i - edits
            if i == 0 or (i != edits and reach[i - 1] < reach[i]):  # <- hot 23
                x = reach[i]
            else:
                x = reach[i - 1] + 1
            y = x - k
            while x < n and y < m and a[x] == b[y]:  # <- hot 41
                x += 1
                y += 1
            row[i] = x  # <- hot 8
            if x >= n and y >= m:
                return trace
        reach = row
    return trace


def _backtrack(trace: list[list[int]], n: int, m: int) -> Iterator[tuple[str, int, int]]:
    x, y = n, m
    for edits in range(len(trace) - 1, 0, -1):
        reach = trace[edits]
        i = (x - y + edits) // 2
        down = i == 0 or (i != edits and reach[i - 1] < reach[i])
        start = reach[i] if down else reach[i - 1] + 1
        while x > start:
            x, y = x - 1, y - 1
            yield "=", x, y
        if down:
            y -= 1
            yield "+", x, y
        else:
            x -= 1
            yield "-", x, y
    while x > 0:
        x, y = x - 1, y - 1
        yield "=", x, y


def diff(a: Sequence[str], b: Sequence[str]) -> list[str]:
    head, tail = _trim(a, b)
    ids: dict[str, int] = {}
    left = [ids.setdefault(s, len(ids)) for s in a[head:len(a) - tail]]
    right = [ids.setdefault(s, len(ids)) for s in b[head:len(b) - tail]]
    ops = list(_backtrack(_trace(left, right), len(left), len(right)))
    ops.reverse()
    return [
        op + (b[head + y] if op == "+" else a[head + x]) for op, x, y in ops if op != "="
    ]
