"""A change as people read it: a unified diff, of its neighbourhood only and not too long."""

import difflib
from dataclasses import dataclass

from perfdoctor.collectors.text import clean

_AROUND = 3
_LONGEST = 4000
"""changed lines between the first and the last change beyond which they are not compared line by line"""
_WIDEST = 240


@dataclass(frozen=True, slots=True)
class Shown:
    """``lines`` of the diff without line ends; ``added`` and ``removed`` count all of it."""

    lines: tuple[str, ...]
    added: int
    removed: int


def diff_of(before: str, after: str) -> Shown:
    old, new = before.splitlines(), after.splitlines()
    first = 0
    while first < min(len(old), len(new)) and old[first] == new[first]:
        first += 1
    last = 0
    while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
        last += 1
    top, end = max(0, first - _AROUND), max(0, last - _AROUND)
    a, b = old[top : len(old) - end], new[top : len(new) - end]
    if max(len(a), len(b)) > _LONGEST:
        lines = (f"@@ lines {first + 1} to {len(old) - last} become {first + 1} to {len(new) - last} @@",)
        return Shown(lines, len(new) - last - first, len(old) - last - first)
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    lines_of: list[str] = []
    added = removed = 0
    for group in matcher.get_grouped_opcodes(_AROUND):
        i1, i2, j1, j2 = group[0][1], group[-1][2], group[0][3], group[-1][4]
        lines_of.append(f"@@ -{top + i1 + 1},{i2 - i1} +{top + j1 + 1},{j2 - j1} @@")
        for kind, from_old, to_old, from_new, to_new in group:
            if kind == "equal":
                lines_of += [" " + clean(line, _WIDEST) for line in a[from_old:to_old]]
                continue
            lines_of += ["-" + clean(line.expandtabs(4), _WIDEST) for line in a[from_old:to_old]]
            lines_of += ["+" + clean(line.expandtabs(4), _WIDEST) for line in b[from_new:to_new]]
            removed, added = removed + to_old - from_old, added + to_new - from_new
    if not lines_of and before != after:
        lines_of.append("@@ only line ends differ @@")
    return Shown(tuple(lines_of), added, removed)
