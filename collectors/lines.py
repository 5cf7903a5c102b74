"""The lines of an output that comes in pieces."""


class Lines:
    """``too_long`` lines had more than ``most`` bytes. They are passed over to their end: what remained of one could be
    read as a line of its own, and say what a target wants."""

    def __init__(self, most: int) -> None:
        self.too_long = 0
        self._most, self._rest, self._passing = most, b"", False

    def of(self, piece: bytes) -> list[bytes]:
        """Those that end in this piece, without their ends."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if lines and self._passing:
            del lines[0]
            self._passing = False
        if len(self._rest) > self._most:
            self.too_long += not self._passing
            self._rest, self._passing = b"", True
        return lines

    def last(self) -> bytes:
        """What stands after the last end of a line, once no more comes."""
        rest, self._rest = self._rest, b""
        return b"" if self._passing else rest
