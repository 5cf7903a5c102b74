"""The audit log: which books, prices and figures were asked for, and when. One line a request."""

import os
import time
from pathlib import Path


class Audit:
    def __init__(self, path: Path) -> None:
        self.file = path.open("a")

    def record(self, what: str) -> None:
        self.file.write(f"{time.time():.3f} {os.getpid()} {what}\n")
        self.file.flush()
        os.fsync(self.file.fileno())
