"""How many programs of the administrator's run at once, over all connections: each takes some 150 MiB.

A place is a lock on a byte of a file without a name that all workers have. The kernel gives it back when one ends,
however it ends.
"""

import fcntl
import os
from contextlib import suppress

TOTAL = 4
EACH = 2
"""of one user"""


class Slots:
    """Made by the daemon, used by its workers."""

    def __init__(self) -> None:
        self._fd = os.memfd_create("perfdoctor-programs", os.MFD_CLOEXEC)

    def take(self, uid: int) -> bool:
        """Whether there was a place for this user. It is given back when this process ends."""
        own = [TOTAL + uid * EACH + i for i in range(EACH)]
        return self._lock(own) and self._lock(list(range(TOTAL)))

    def close(self) -> None:
        os.close(self._fd)

    def _lock(self, places: list[int]) -> bool:
        for place in places:
            with suppress(OSError):
                fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
                return True
        return False
