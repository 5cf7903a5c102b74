"""Where each thread's time went."""

from perfdoctor.schemas.model import Model


class ThreadTime(Model):
    """One thread's share of the window. All figures in seconds.

    ``wall`` is how much of the window the thread was alive for. ``running`` + ``runnable`` + ``in_syscall`` +
    ``elsewhere`` add up to ``wall`` within 2 %: on a core, waiting for a core, asleep in a system call, asleep outside
    one. ``estimated`` marks threads whose split was read from /proc instead of followed.
    ``count`` > 1: so many alike, short-lived ones together (``tid`` 0; ``pid`` 0 when they were processes of their
    own).
    """

    pid: int
    tid: int
    name: str
    count: int = 1
    wall: float
    running: float
    runnable: float
    in_syscall: float
    elsewhere: float
    voluntary_switches: int = 0
    involuntary_switches: int = 0
    started_in_window: bool = False
    ended_in_window: bool = False
    estimated: bool = False


class PoolLine(Model):
    """The only line of a process's own files that makes a pool of workers; ``function``: the one that it is in.
    ``lends``: it is one of connections, and the line says how many."""

    pid: int
    file: str
    line: int
    function: str = ""
    lends: bool = False


class ChildProcess(Model):
    """Processes that the target started (directly or not) in the window, by the program they ran."""

    program: str
    started: int
    ended: int
    seconds: float
    """wall seconds that they lived, together, inside the window"""
    cpu_seconds: float = 0.0
