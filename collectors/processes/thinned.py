"""A series that is as long as its window, however many readings the window had."""

from typing import Generic, TypeVar

T = TypeVar("T")


class Thinned(Generic[T]):
    """Keeps up to ``most`` readings, evenly spread: when it is full, every second one goes, and from then on only
    every second new one comes in."""

    def __init__(self, most: int) -> None:
        self._most, self._every, self._seen = most, 1, 0
        self._kept: list[T] = []
        self._last: T | None = None

    def add(self, reading: T) -> None:
        self._last = reading
        if self._seen % self._every == 0:
            self._kept.append(reading)
            if len(self._kept) >= self._most:
                del self._kept[1::2]
                self._every *= 2
        self._seen += 1

    @property
    def seen(self) -> int:
        return self._seen

    def all(self) -> tuple[T, ...]:
        """Those that were kept, and the last one."""
        if self._last is None or self._kept[-1] is self._last:
            return tuple(self._kept)
        return (*self._kept, self._last)
