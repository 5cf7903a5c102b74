"""The states of all threads of a target over a window: the scheduler's own account, and sampled states."""

import contextlib
from dataclasses import dataclass, field

from perfdoctor.collectors.backends.proc import stat, status
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.target import Target
from perfdoctor.schemas.thread_stacks import ThreadState

MOST = 4096
"""threads that are looked at"""
_STATES = {
    "R": ThreadState.RUNNING,
    "D": ThreadState.UNINTERRUPTIBLE,
    "T": ThreadState.STOPPED,
    "t": ThreadState.STOPPED,
    "Z": ThreadState.ENDED,
    "X": ThreadState.ENDED,
}


@dataclass(slots=True)
class Followed:
    """One thread. Counters are totals at the first look (0 for one that began in the window) and at the last."""

    pid: int
    tid: int
    started: float
    own_tid: int
    name: str
    first_at: float
    began: bool
    ran: float = 0.0
    waited: float = 0.0
    switches: tuple[int, int] = (0, 0)
    last_at: float = 0.0
    last_ran: float = 0.0
    last_waited: float = 0.0
    last_switches: tuple[int, int] = (0, 0)
    state: ThreadState = ThreadState.SLEEPING
    seen: dict[ThreadState, int] = field(default_factory=dict)
    ended: bool = False

    @property
    def running(self) -> float:
        return max(0.0, self.last_ran - self.ran)

    @property
    def runnable(self) -> float:
        return max(0.0, self.last_waited - self.waited)

    @property
    def rested(self) -> bool:
        """It did not run at all between the first look and the last."""
        return not self.began and (self.last_ran, self.last_switches) == (self.ran, self.switches)


class StateWatch:
    """``threads`` by our thread id, those that ended included."""

    def __init__(self, host: Host, target: Target) -> None:
        self._host, self._target = host, target
        self.threads: dict[int, Followed] = {}
        self.replaced: list[Followed] = []
        """threads whose id another one took"""
        self.looks = 0
        self.omitted = 0
        self.no_account = False
        """the kernel keeps no account of waiting for a core: running is in ticks, runnable unknown"""

    def look(self, at: float, *, whole: bool = False) -> list[int]:
        """Look at all threads, ``at`` seconds into the window; the pids that are there. ``whole``: the switches too."""
        there: set[int] = set()
        pids = []
        omitted = 0
        for pid in tree(self._host, self._target):
            with contextlib.suppress(OSError):
                tids = sorted(map(int, self._host.list_folder(f"/proc/{pid}/task")))
                pids.append(pid)
                room = MOST - len(there)
                omitted += max(0, len(tids) - room)
                for tid in tids[:room]:
                    with contextlib.suppress(OSError, ValueError):
                        self._look_at(pid, tid, at, whole)
                        there.add(tid)
        for tid, thread in self.threads.items():
            thread.ended = tid not in there
        self.looks += 1
        self.omitted = omitted
        return pids

    def _look_at(self, pid: int, tid: int, at: float, whole: bool) -> None:
        folder = f"/proc/{pid}/task/{tid}"
        now = stat.parse(self._host.read_file(f"{folder}/stat"))
        ran, waited = self._account(folder, now)
        known = self.threads.get(tid)
        if known is not None and (known.started != now.started or known.pid != pid):
            known.ended = True
            self.replaced.append(known)
            known = None
        text = self._host.read_file(f"{folder}/status") if known is None or whole else b""
        switches = _switches(text) or (known.last_switches if known else (0, 0))
        if known is None:
            began = self.looks > 0
            known = Followed(pid, tid, now.started, status.parse(text).inner_pid or tid, "", at, began)
            if not began:
                known.ran, known.waited, known.switches = ran, waited, switches
            self.threads[tid] = known
        known.last_switches = switches
        known.name = clean(now.name, 32)
        known.last_at, known.last_ran, known.last_waited = at, ran, waited
        known.state = _STATES.get(now.state, ThreadState.SLEEPING)
        known.seen[known.state] = known.seen.get(known.state, 0) + 1

    def _account(self, folder: str, now: stat.Stat) -> tuple[float, float]:
        """Nanoseconds of /proc/PID/task/TID/schedstat; where there is none, the ticks of stat."""
        try:
            words = self._host.read_file(f"{folder}/schedstat").split()
            return int(words[0]) * 1e-9, int(words[1]) * 1e-9
        except (OSError, ValueError, IndexError):
            self.no_account = True
            return now.cpu, 0.0


def _switches(text: bytes) -> tuple[int, int] | None:
    """None of a thread that is ending: its status has none."""
    try:
        return status.parse_switches(text)
    except ValueError:
        return None
