"""Would these bytes shrink if somebody compressed them? From samples, which are forgotten once that is known."""

import zlib

_MOST_BYTES = 16384


class Sample:
    """Pieces from the midst of what was sent or received, up to 16 KiB of them."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def add(self, piece: bytes) -> None:
        self._bytes += piece[: _MOST_BYTES - len(self._bytes)]

    def join(self, other: "Sample") -> None:
        self.add(bytes(other._bytes))

    def shrinks_to(self) -> float | None:
        """The part that a fast zlib leaves of it, at most 1; None where there was too little to tell."""
        if len(self._bytes) < 512:
            return None
        return min(1.0, len(zlib.compress(bytes(self._bytes), 1)) / len(self._bytes))
