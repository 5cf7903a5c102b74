"""Merge order of plug-in bases, worked out once per class and kept."""
from __future__ import annotations

from collections import deque
from typing import Hashable, Iterable, Mapping


class InconsistentOrder(TypeError):
    pass


class Linearizer:
    def __init__(self, bases: Mapping[Hashable, tuple]):
        self.bases = bases
        self._memo: dict[Hashable, tuple] = {}

    def order(self, cls: Hashable) -> tuple:
        known = self._memo.get(cls)
        if known is not None:
            return known
        direct = self.bases[cls]
        rows = [deque(self.order(base)) for base in direct]
        rows.append(deque(direct))
        result = (cls, *self._merge(rows, cls))
        self._memo[cls] = result
        return result

    @staticmethod
    def _merge(rows: list[deque], cls: Hashable) -> Iterable[Hashable]:
        blocked: dict[Hashable, int] = {}
        for row in rows:
            for i, item in enumerate(row):
                if i:
                    blocked[item] = blocked.get(item, 0) + 1  # <- hot 15
        rows = [row for row in rows if row]
        while rows:
            for row in rows:
                if not blocked.get(row[0]):  # <- hot 19
                    chosen = row[0]
                    break
            else:
                raise InconsistentOrder(f"no consistent order for the bases of {cls!r}")
            yield chosen
            for row in rows:
                if row[0] == chosen:  # <- hot 22
                    row.popleft()
                    if row:
                        blocked[row[0]] -= 1
            rows = [row for row in rows if row]  # <- hot 24


class MethodIndex:
    """Which class of the order first has a method of a name."""

    def __init__(self, linearizer: Linearizer, members: Mapping[Hashable, Mapping[str, object]]):
        self.linearizer = linearizer
        self.members = members
        self._tables: dict[Hashable, dict[str, object]] = {}

    def table(self, cls: Hashable) -> dict[str, object]:
        table = self._tables.get(cls)
        if table is None:
            table = {}
            for base in reversed(self.linearizer.order(cls)):
                table.update(self.members.get(base, {}))
            self._tables[cls] = table
        return table

    def lookup(self, cls: Hashable, name: str) -> object:
        return self.table(cls)[name]
