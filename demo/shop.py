"""The bookshop and its customers as processes: started, listened to, and stopped again."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self

HERE = Path(__file__).resolve().parent
WORKERS = max(1, min(2, (os.cpu_count() or 1) - 1))
"""a core is left for the customers"""


def working_copy(folder: Path) -> Path:
    """A fresh copy of the application below ``folder``: the fixes are applied to it, not to the checkout."""
    copy = folder / "shop"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(HERE / "bookshop", copy / "bookshop", ignore=shutil.ignore_patterns("__pycache__"))
    return copy


class RunningShop:
    """The shop under load, from ``with`` to the end of it: as many customers as workers."""

    def __init__(self, copy: Path, data: Path) -> None:
        self._copy = copy
        self._data = data
        self._rates: deque[float] = deque(maxlen=1000)
        self._changed = threading.Condition()
        self.log = copy.parent / "shop.log"

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "bookshop", "--data", str(self._data), "--workers", str(WORKERS)]
        with self.log.open("a") as log:
            self._shop = subprocess.Popen(command, cwd=self._copy, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._shop.stdout is not None
        ready = self._shop.stdout.readline().split()
        if ready[:1] != ["ready"]:
            self._shop.kill()
            raise RuntimeError(f"the shop did not start; see {self.log}")
        self._load = subprocess.Popen(
            [sys.executable, str(HERE / "load.py"), ready[1], str(WORKERS)], stdout=subprocess.PIPE, text=True
        )
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for process in (self._load, self._shop):
            process.terminate()
        for process in (self._load, self._shop):
            process.wait()

    def _listen(self) -> None:
        assert self._load.stdout is not None
        for line in self._load.stdout:
            with self._changed:
                self._rates.append(json.loads(line)["requests_per_second"])
                self._changed.notify_all()

    def rate(self, seconds: int) -> float:
        """Requests per second over the next ``seconds``: the median of the seconds, the first left out."""
        with self._changed:
            self._rates.clear()
            self._changed.wait_for(lambda: len(self._rates) > seconds, timeout=5 * seconds + 5)
            counted = sorted(list(self._rates)[1:])
        if not counted:
            raise RuntimeError(f"the shop answers no requests; see {self.log}")
        return counted[len(counted) // 2]


def on_terminal() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ
