"""Run as a program, as the target's user: talk to a Java virtual machine by the attach mechanism of HotSpot.

    helper.py ask PID SECONDS COMMAND             what the machine answers to a command of jcmd
    helper.py perf-map PID SECONDS                the methods that it has compiled (Compiler.perfmap), as it writes them
    helper.py record PID SECONDS SETTINGS MOST    a Flight Recorder window: the recording (at most MOST bytes)

The machine listens at /tmp/.java_pidPID (its own pid, in its own /tmp). It begins to when it finds .attach_pidPID there
at a SIGQUIT, and obeys its own user only, in versions before 11 not even root: so this is a process of its own, which
takes that user's place. Standard library only. Nothing stays behind, whichever way it ends; a recording that could not
be stopped ends by itself. Prints what it was asked for; what is wrong goes to standard error, with code 1.
"""

import contextlib
import ctypes
import os
import select
import signal
import socket
import stat
import struct
import sys
import time
from pathlib import Path
from types import FrameType

_LISTENS = 5.0
"""seconds within which a machine that was asked to listens"""
_LONG = 20.0
"""seconds for a command of Flight Recorder: the first one of a machine loads it"""
_LAST = 4.0
"""seconds for the last commands, when the window is over"""
_PIECE = 1 << 16
_MOST_ANSWER = 32 << 20
_QUIT = 1 << (signal.SIGQUIT - 1)
_RELEASE = 30


class RefusedError(Exception):
    pass


class Machine:
    """One Java virtual machine. Everything it is asked goes through its /tmp, held open from before we changed user."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.process = os.pidfd_open(pid)
        status = self._status()
        self.inner = int(status["NSpid"].split()[-1]) if "NSpid" in status else pid
        self.tmp = os.open(f"/proc/{pid}/root/tmp", os.O_RDONLY | os.O_DIRECTORY)
        self.uid, self.gid = int(status["Uid"].split()[1]), int(status["Gid"].split()[1])

    def _status(self) -> dict[str, str]:
        text = Path(f"/proc/{self.pid}/status").read_text(errors="replace")
        return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)

    def become_its_user(self) -> None:
        if (os.geteuid(), os.getegid()) != (self.uid, self.gid):
            os.setgroups([])
            os.setegid(self.gid)
            os.seteuid(self.uid)
            # The kernel forgets with the credentials that we are to die with our parent.
            ctypes.CDLL(None).prctl(1, int(signal.SIGINT), 0, 0, 0)  # PR_SET_PDEATHSIG
        os.fchdir(self.tmp)

    def must_run(self) -> None:
        status = self._status()
        state = status.get("State", "?")[:1]
        if state in "Tt":
            raise RefusedError("it is stopped (SIGSTOP, or a debugger), and cannot answer")
        if state in "ZX":
            raise RefusedError("it has ended")
        if not int(status.get("SigCgt", "0"), 16) & _QUIT:
            raise RefusedError("it does not listen to SIGQUIT (-Xrs), which would end it")

    def _connect(self) -> socket.socket:
        door = f".java_pid{self.inner}"
        found = os.lstat(door)
        if not stat.S_ISSOCK(found.st_mode) or found.st_uid != self.uid:
            raise RefusedError(f"{door} is not a socket of its user")
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(2)
            connection.connect(door)
            peer = struct.unpack("iII", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            if peer[0] != self.pid:
                raise RefusedError(f"another process ({peer[0]}) listens at {door}")
        except BaseException:
            connection.close()
            raise
        return connection

    def reach(self) -> socket.socket:
        self.must_run()
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            return self._connect()
        asked = f".attach_pid{self.inner}"
        with contextlib.suppress(FileNotFoundError):
            Path(asked).unlink()
        os.close(os.open(asked, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY, 0o600))
        try:
            signal.pidfd_send_signal(self.process, signal.SIGQUIT)
            until = time.monotonic() + _LISTENS
            while time.monotonic() < until:
                time.sleep(0.02)
                with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                    return self._connect()
        finally:
            with contextlib.suppress(FileNotFoundError):
                Path(asked).unlink()
        raise RefusedError(f"it did not begin to listen within {_LISTENS:.0f} s")

    def ask(self, command: str, seconds: float) -> bytes:
        """What it answers. RefusedError with its words where it says that it could not."""
        until = time.monotonic() + seconds
        with self.reach() as connection:
            words = ["1", "jcmd", command, "", ""]
            connection.sendall(b"".join(word.encode() + b"\0" for word in words))
            answer = bytearray()
            while len(answer) < _MOST_ANSWER:
                left = until - time.monotonic()
                if left <= 0 or not select.select([connection], [], [], left)[0]:
                    raise RefusedError(f"it did not answer {command.split(maxsplit=1)[0]} within {seconds:.0f} s")
                piece = connection.recv(_PIECE)
                if not piece:
                    break
                answer += piece
        code, _, text = bytes(answer).partition(b"\n")
        if code != b"0":
            raise RefusedError(text.decode("utf-8", "replace").strip()[:400] or "it gave no reason")
        return text


def _send(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _read(name: str, folder: int, most: int) -> bytes:
    """A file that the machine wrote. (It could have put something else there.)"""
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    with os.fdopen(file, "rb") as opened:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise RefusedError(f"{name} is not a file")
        return opened.read(most)


def _perf_map(machine: Machine, seconds: float) -> None:
    name = f"perf-{machine.inner}.map"
    with contextlib.suppress(FileNotFoundError):
        os.lstat(name)
        _send(_read(name, machine.tmp, _MOST_ANSWER))  # somebody else's: it stays
        return
    try:
        machine.ask("Compiler.perfmap", seconds)
        _send(_read(name, machine.tmp, _MOST_ANSWER))
    finally:
        with contextlib.suppress(OSError):
            Path(name).unlink()


class _Over:
    """Whether the window is to end: SIGINT says so, at any time."""

    def __init__(self) -> None:
        self.reads, writes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

        def hear(_signal: int, _frame: FrameType | None) -> None:
            with contextlib.suppress(OSError):
                os.write(writes, b"x")

        signal.signal(signal.SIGINT, hear)


def _record(machine: Machine, seconds: float, settings: bytes, most: int) -> None:
    """Says ``recording`` on a line when the window begins; when it is over, the recording."""
    over = _Over()
    name = f"perfdoctor-{os.getpid()}-{os.urandom(6).hex()}"
    Path(name).mkdir(0o700)
    folder, started = -1, False
    try:
        folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        file = os.open("settings.jfc", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600, dir_fd=folder)
        with os.fdopen(file, "wb") as opened:
            opened.write(settings)
        started = True  # it may begin although we do not hear of it any more
        where = f"/tmp/{name}"  # noqa: S108 - as the machine sees it; the folder is new, and its user's alone
        # In memory only: nothing is written to its disk before the end. It ends by itself if we cannot end it.
        length = int(seconds) + _RELEASE
        said = machine.ask(f"JFR.start name={name} settings={where}/settings.jfc disk=false duration={length}s", _LONG)
        if b"Started recording" not in said:
            raise RefusedError(said.decode("utf-8", "replace").strip()[:400])
        _send(b"recording\n")
        select.select([over.reads, machine.process], [], [], seconds)
        machine.ask(f"JFR.stop name={name} filename={where}/window.jfr", _LONG)
        started = False
        data = _read("window.jfr", folder, most)
    finally:
        if started:
            with contextlib.suppress(RefusedError, OSError):
                machine.ask(f"JFR.stop name={name}", _LAST)
        for left in ("settings.jfc", "window.jfr"):
            with contextlib.suppress(OSError):
                os.unlink(left, dir_fd=folder)
        if folder >= 0:
            os.close(folder)
        with contextlib.suppress(OSError):
            Path(name).rmdir()
    _send(data)


def _terminated(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(143)


def main() -> int:
    what, pid, seconds, *rest = sys.argv[1:]
    signal.signal(signal.SIGTERM, _terminated)
    try:
        machine = Machine(int(pid))
        settings = Path(rest[0]).read_bytes() if what == "record" else b""
        machine.become_its_user()
        if what == "ask":
            _send(machine.ask(rest[0], float(seconds)))
        elif what == "perf-map":
            _perf_map(machine, float(seconds))
        else:
            _record(machine, float(seconds), settings, int(rest[1]))
    except (RefusedError, OSError, KeyboardInterrupt) as error:
        sys.stderr.write(f"{error or 'interrupted'}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
