"""What became of each mapping between two readings. Computes only."""

from collections.abc import Sequence
from dataclasses import dataclass

from perfdoctor.collectors.backends.proc.smaps import Mapping


@dataclass(slots=True)
class Change:
    """A mapping as it is now. ``before`` bytes (pss + swap) were in what it was then; ``fresh`` when it was not."""

    now: Mapping
    before: int = 0
    fresh: bool = True

    @property
    def grown(self) -> int:
        return held(self.now) - self.before


def held(mapping: Mapping) -> int:
    """What a mapping costs the machine: swapped out it is still held, and pages of hugetlbfs are not in its Pss."""
    return mapping.pss + mapping.swap + mapping.private_hugetlb + mapping.shared_hugetlb


def changes_of(before: Sequence[Mapping], after: Sequence[Mapping]) -> tuple[list[Change], int]:
    """(every mapping of ``after`` with what it grew from, bytes in mappings of ``before`` that are gone).

    Both in order of address. Mappings grow at either end, are split where rights change, and flow together with their
    neighbours: each of ``before`` is what that one of ``after`` grew from which covers most of it and has its name."""
    changes = [Change(mapping) for mapping in after]
    gone = 0
    first = 0
    for old in before:
        while first < len(after) and after[first].high <= old.low:
            first += 1
        best, most = None, 0
        at = first
        while at < len(after) and after[at].low < old.high:
            new = after[at]
            common = min(new.high, old.high) - max(new.low, old.low)
            if common > most and (new.name, new.inode) == (old.name, old.inode):
                best, most = at, common
            at += 1
        if best is None:
            gone += held(old)
        else:
            changes[best].before += held(old)
            changes[best].fresh = False
    return changes, gone
