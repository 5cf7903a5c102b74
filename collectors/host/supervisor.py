"""Run as a program: start another one, stopped until it is told to go, and leave nothing of it behind.

It stands between the server and a workload, so that the workload's processes are ended whatever ends the server: they
are in a control group of their own, and where none can be made they are found as our descendants, for orphans become
our children (PR_SET_CHILD_SUBREAPER). Standard library only; it looks at no output and knows no other request than
these.

It is given a socket (its descriptor is the argument) and speaks JSON, a line each. First it reads what to start:
``{"argv": […], "environment": {…}, "folder": …, "user": [uid, gid, groups] | null, "parents": [folders of groups]}``,
and says ``{"ready": pid, "resident": bytes, "group": folder | null}`` or ``{"failed": words}``. Then it is told

- ``go``: exec the program. ``{"executed": when it was told to}`` or ``{"failed": words}``; in the end
  ``{"ended": wait status, "at": ns, "resident": bytes, "cpu": [user, system]}``.
- ``cpu``: ``{"cpu": [user, system]}``, seconds of all that was started, since it was told to go.
- ``end SECONDS``: end what is left, by TERM and after so many seconds by KILL: ``{"gone": [how many there
  were, how many are left]}``.

When the socket is closed it ends everything at once and itself.
"""

import contextlib
import ctypes
import json
import os
import resource
import selectors
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_PREFIX = "perfdoctor-run-"
_ABANDONED_GRACE = 0.2
"""seconds between TERM and KILL when nobody waits for an answer any more"""
_PATIENCE = 5.0
"""seconds that a killed process may take to be gone: one that waits for a disk cannot be ended"""
_TICK = 1 / os.sysconf("SC_CLK_TCK")


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # Ctrl-C and hang-ups are for the server, which closes the socket.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    lines = control.makefile("rb")
    wanted = json.loads(lines.readline() or b"null")
    if wanted is None:
        return
    group = Group(wanted["parents"])
    run = Run(control, group)
    try:
        run.start(wanted, libc)
        run.serve()
    finally:
        run.end_all(_ABANDONED_GRACE)
        group.remove()


class Group:
    """A control group (version 2) of our own below the first of ``parents`` that lets us; ``folder`` None: none."""

    def __init__(self, parents: list[str]) -> None:
        self.folder: Path | None = None
        for parent in parents:
            _sweep(Path(parent))
            folder = Path(parent) / f"{_PREFIX}{os.getpid()}"
            try:
                folder.mkdir()
            except OSError:
                continue
            self.folder = folder
            return

    def remove(self) -> None:
        """A group can be removed once the last process has left it, which is some time after it was waited for."""
        until = time.monotonic() + 1
        while self.folder is not None and time.monotonic() < until:
            try:
                self.folder.rmdir()
                self.folder = None
            except FileNotFoundError:
                self.folder = None
            except OSError:
                time.sleep(0.01)

    def pids(self) -> list[int]:
        if self.folder is None:
            return []
        with contextlib.suppress(OSError, ValueError):
            return [int(pid) for pid in (self.folder / "cgroup.procs").read_text().split()]
        return []

    def kill(self) -> None:
        """All at once, whatever they fork meanwhile (Linux 5.14)."""
        if self.folder is not None:
            with contextlib.suppress(OSError):
                (self.folder / "cgroup.kill").write_text("1")

    def cpu(self) -> tuple[float, float] | None:
        """Seconds (user, system) of all that ever ran in it."""
        if self.folder is None:
            return None
        with contextlib.suppress(OSError, ValueError, KeyError):
            told = dict(line.split() for line in (self.folder / "cpu.stat").read_text().splitlines())
            return int(told["user_usec"]) * 1e-6, int(told["system_usec"]) * 1e-6
        return None


class Run:
    def __init__(self, control: socket.socket, group: Group) -> None:
        self._control, self._group = control, group
        self._pid = 0
        self._go = self._status = -1
        self._went = 0
        self._waited = [0.0, 0.0]
        """CPU seconds (user, system) of children that were waited for, with those that they waited for"""
        self._before = (0.0, 0.0)

    def start(self, wanted: dict[str, Any], libc: ctypes.CDLL) -> None:
        """Fork. The child gets ready, says so, and waits for a word."""
        go, self._go = os.pipe()
        self._status, status = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                _become(wanted, self._group.folder, go, status, libc)
            finally:
                os._exit(127)
        os.close(go)
        os.close(status)
        # The output is the program's: where we held it open, it would not end with it.
        nothing = os.open(os.devnull, os.O_RDWR)
        for fd in (1, 2):
            os.dup2(nothing, fd)
        told = _message(os.read(self._status, 4096))
        if "resident" in told:
            if not told["contained"]:
                self._group.remove()
            group = self._group.folder
            self.say({"ready": self._pid, "resident": told["resident"], "group": group and str(group)})
        else:
            self.say({"failed": told.get("failed", "it ended before it was started")})

    def serve(self) -> None:
        """Until the socket is closed."""
        woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            selector.register(self._status, selectors.EVENT_READ)
            self._reap()
            while True:
                for key, _ in selector.select():
                    if key.fileobj == woken:
                        with contextlib.suppress(BlockingIOError):
                            os.read(woken, 4096)
                        self._reap()
                    elif key.fileobj == self._status:
                        self._hear_status(os.read(self._status, 4096))
                        selector.unregister(self._status)
                    elif not self._hear(self._control.recv(4096)):
                        return

    def say(self, told: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self._control.sendall(json.dumps(told).encode() + b"\n")

    def _hear(self, words: bytes) -> bool:
        for line in words.decode().splitlines():
            word, _, value = line.partition(" ")
            if word == "go":
                self._before = self._cpu()
                self._went = time.monotonic_ns()
                with contextlib.suppress(OSError):
                    os.write(self._go, b"g")
            elif word == "cpu":
                self.say({"cpu": self._cpu_since()})
            elif word == "end":
                self.say({"gone": self.end_all(float(value)), "cpu": self._cpu_since()})
        return bool(words)

    def _hear_status(self, words: bytes) -> None:
        """Nothing: the pipe was closed by the exec itself, whose time is the program's: we may hear of it when the
        program has ended already."""
        self.say(_message(words) if words else {"executed": self._went})

    def _reap(self) -> None:
        while True:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            at = time.monotonic_ns()
            self._waited[0] += used.ru_utime
            self._waited[1] += used.ru_stime
            if pid == self._pid:
                self.say({"ended": status, "at": at, "resident": used.ru_maxrss << 10, "cpu": self._cpu_since()})

    def _cpu(self) -> tuple[float, float]:
        told = self._group.cpu()
        if told is not None:
            return told
        user, system = self._waited
        for pid in _descendants():
            with contextlib.suppress(OSError, ValueError, IndexError):
                # 42 (name) S 1 … : utime, stime, cutime and cstime are fields 14 to 17
                field = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
                user += (int(field[11]) + int(field[13])) * _TICK
                system += (int(field[12]) + int(field[14])) * _TICK
        return user, system

    def _cpu_since(self) -> list[float]:
        return [max(0.0, now - before) for now, before in zip(self._cpu(), self._before, strict=True)]

    def end_all(self, grace: float) -> tuple[int, int]:
        """End every process that was started; how many there were, and how many could not be ended."""
        until = time.monotonic() + grace
        there = self._left()
        for pid in there:
            _send(pid, signal.SIGTERM)
            _send(pid, signal.SIGCONT)
        while self._left() and time.monotonic() < until:
            self._reap()
            time.sleep(0.005)
        until = time.monotonic() + _PATIENCE
        while (left := self._left()) and time.monotonic() < until:
            self._group.kill()
            # Stopped first: what forks faster than it is killed would never end.
            for sign in (signal.SIGSTOP, signal.SIGKILL):
                for pid in self._left():
                    _send(pid, sign)
            self._reap()
            time.sleep(0.002)
        self._reap()
        return len(there), len(left)

    def _left(self) -> set[int]:
        self._reap()
        return {*self._group.pids(), *_descendants()}


def _become(wanted: dict[str, Any], group: Path | None, go: int, status: int, libc: ctypes.CDLL) -> None:
    """In the child: everything that comes before the exec. What it cost is known before the word to go."""
    ours = os.getppid()
    try:
        os.setsid()
        contained = False
        if group is not None:
            with contextlib.suppress(OSError):
                (group / "cgroup.procs").write_text("0")
                contained = True
        if wanted["user"] is not None:
            uid, gid, groups = wanted["user"]
            for fd in (1, 2):  # so that /dev/stdout can be opened, too
                os.fchown(fd, uid, gid)
            os.setgroups(groups)
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
        if wanted["folder"] is not None:
            os.chdir(wanted["folder"])
        # (asked for after the user was changed, which forgets it)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != ours:
            return
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        argv, environment = wanted["argv"], wanted["environment"]
        program = shutil.which(argv[0], path=environment.get("PATH"))
        if program is None:
            raise FileNotFoundError(2, "there is no such program that may be executed", argv[0])
        resident = _resident()
        os.write(status, json.dumps({"resident": resident, "contained": contained}).encode())
        if os.read(go, 1) == b"g":
            os.execve(program, argv, environment)  # noqa: S606 - no shell is the point
    except OSError as error:
        words = f"{error.filename or wanted['argv'][0]}: {error.strerror or error}"
        os.write(status, json.dumps({"failed": words}).encode())


def _resident() -> int:
    """The most bytes that this process had: the kernel goes on counting from there when another program is executed."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _descendants() -> set[int]:
    """Of this process: whoever loses its parent becomes our child. Zombies are left out: they are about to be waited
    for by their parents, or by us."""
    found: set[int] = set()
    todo = [os.getpid()]
    while todo:
        pid = todo.pop()
        with contextlib.suppress(OSError):
            for thread in Path(f"/proc/{pid}/task").iterdir():
                with contextlib.suppress(OSError, ValueError):
                    for word in (thread / "children").read_bytes().split():
                        if (child := int(word)) not in found:
                            found.add(child)
                            todo.append(child)
    return {pid for pid in found if not _is_zombie(pid)}


def _is_zombie(pid: int) -> bool:
    with contextlib.suppress(OSError, IndexError):
        words = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        # (a program whose first thread has left shows Z as well: field 20 counts its threads)
        return words[0] in (b"Z", b"X") and int(words[17]) <= 1
    return True


def _send(pid: int, sign: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, sign)


def _message(words: bytes) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        told = json.loads(words)
        if isinstance(told, dict):
            return told
    return {}


def _sweep(parent: Path) -> None:
    """Remove empty groups of runs whose supervisor was killed: who is in one cannot be removed with it."""
    with contextlib.suppress(OSError):
        for folder in parent.glob(f"{_PREFIX}*"):
            if not Path(f"/proc/{folder.name.removeprefix(_PREFIX)}").exists():
                with contextlib.suppress(OSError):
                    folder.rmdir()


if __name__ == "__main__":
    main()
