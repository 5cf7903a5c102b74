"""Set of bounded size whose members expire; workers keep revoked ids in it."""
from __future__ import annotations

import time
from typing import Callable, Iterable, Iterator


class LimitedSet:
    """Members are dropped `expires` seconds after their last add, or when the
    set is full and they are the ones added the longest ago."""

    def __init__(self, maxlen: int = 0, expires: float = 0.0,
                 clock: Callable[[], float] = time.monotonic):
        if maxlen < 0 or expires < 0:
            raise ValueError("maxlen and expires must not be negative")
        self.maxlen = maxlen
        self.expires = expires
        self.clock = clock
        self._data: dict[str, float] = {}

    def add(self, item: str, now: float | None = None) -> None:
        stamp = self.clock() if now is None else now
        self._data[item] = stamp
        self.purge(stamp)

    def update(self, other: Iterable[tuple[str, float]]) -> None:
        for item, stamp in other:
            self.add(item, stamp)

    def discard(self, item: str) -> None:
        self._data.pop(item, None)

    def _oldest_first(self) -> list[tuple[float, str]]:
        return sorted((stamp, item) for item, stamp in self._data.items())  # <- cost hot 78

    def purge(self, now: float) -> None:
        for stamp, item in self._oldest_first():  # <- cost hot 16
            full = self.maxlen and len(self._data) > self.maxlen
            stale = self.expires and stamp + self.expires < now
            if not full and not stale:
                break
            del self._data[item]

    def __contains__(self, item: object) -> bool:
        return item in self._data

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)


class WorkerState:
    def __init__(self, maxlen: int = 50_000, expires: float = 10_800):
        self.revoked = LimitedSet(maxlen, expires)
        self.active: dict[str, dict] = {}

    def on_revoke(self, message: dict) -> int:
        ids = message["task_id"]
        for task_id in ids if isinstance(ids, list) else [ids]:
            self.revoked.add(task_id)
        return len(self.revoked)

    def accept(self, request: dict) -> bool:
        if request["id"] in self.revoked:
            return False
        self.active[request["id"]] = request
        return True
