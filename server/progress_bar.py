"""How far a window is, for a person who waits: redrawn on a terminal, a line now and then elsewhere."""

import shutil
from typing import TextIO

from perfdoctor.collectors.text import clean

_WIDTH = 24
_LINE_EVERY = 10.0
"""seconds between lines where nothing can be redrawn (a log, a pipe)"""


class ProgressBar:
    """``seconds`` is the length of the window; None: nothing is shown, the command has none."""

    def __init__(self, stream: TextIO, seconds: float | None) -> None:
        self._stream = stream
        self._seconds = seconds
        self._redraws = stream.isatty()
        self._next_line = _LINE_EVERY
        self._drawn = False

    async def show(self, elapsed: float, message: str) -> None:
        if self._seconds is None:
            return
        share = min(1.0, elapsed / self._seconds) if self._seconds > 0 else 1.0
        said = f"{min(elapsed, self._seconds):4.1f}/{self._seconds:g} s  {clean(message)}"
        if self._redraws:
            filled = round(share * _WIDTH)
            line = f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {said}"
            room = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r{line[:room]}\x1b[K")
            self._drawn = True
        elif elapsed >= self._next_line:
            self._next_line += _LINE_EVERY
            self._stream.write(said + "\n")
        self._stream.flush()

    def clear(self) -> None:
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
