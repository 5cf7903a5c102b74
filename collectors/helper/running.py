"""bpftrace while it runs a program for us: started without a shell, confined, its output taken in pieces."""

import os
import resource
import signal
import stat
from contextlib import suppress

from perfdoctor.collectors.helper import sandbox
from perfdoctor.collectors.helper.program_files import is_roots

PLACES = ("/usr/bin/bpftrace", "/usr/sbin/bpftrace", "/bin/bpftrace")
MOST_OUTPUT = 32 << 20
"""bytes, after which it is ended: the server asks for an end at half of that"""
_TAKE = 1 << 20
_MOST_ERRORS = 1000
_LIMITS = {resource.RLIMIT_AS: 1 << 30, resource.RLIMIT_CPU: 120, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0}
_ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C",
    # Else it asks for the modules' types, too, which takes CAP_SYS_ADMIN.
    "BPFTRACE_BTF": "/sys/kernel/btf/vmlinux",
    # It shall read no file of the target's.
    "BPFTRACE_NO_USER_SYMBOLS": "1",
}


def find() -> int:
    """A descriptor of bpftrace, which nobody but root can change. OSError when there is none."""
    for path in PLACES:
        with suppress(FileNotFoundError):
            # (/usr/bin and what is above are root's on any system where root may be trusted at all)
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            if is_roots(file, stat.S_IFREG):
                return file
            os.close(file)
            raise PermissionError(1, f"{path} is not root's alone")
    raise FileNotFoundError(2, "bpftrace is not installed")


class Bpftrace:
    """Running from when it is made; ``close`` ends it. It ends with us, however we end."""

    def __init__(self, text: str, environment: dict[str, str]) -> None:
        """OSError when it cannot be started."""
        program = find()
        self._out, out = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._err, err = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        parent = os.getpid()
        try:
            self._pid = os.fork()
            if self._pid == 0:
                _become(program, text, {**_ENVIRONMENT, **environment}, (out, err), parent=parent)
        except BaseException:
            os.close(self._out)
            os.close(self._err)
            raise
        finally:
            for fd in (program, out, err):
                os.close(fd)
        self._code: int | None = None
        self._errors = b""
        self._bytes = 0

    def take(self) -> tuple[bytes, bool]:
        """What it has said, and whether that is all that it will ever say."""
        parts: list[bytes] = []
        ended = self._looked()  # before it is read: what comes after the last look was said before the end
        left = _TAKE
        while left > 0 and (part := _available(self._out, left)):
            parts.append(part)
            left -= len(part)
        self._errors = (self._errors + (_available(self._err, _TAKE) or b""))[:_MOST_ERRORS]
        self._bytes += _TAKE - left
        if self._bytes > MOST_OUTPUT:
            self.kill()
        return b"".join(parts), ended and left > 0

    @property
    def errors(self) -> str:
        """The beginning of what it complained of."""
        return self._errors.decode("ascii", "replace")

    @property
    def code(self) -> int:
        """As wait(2) has it, negative for a signal; once it has ended."""
        assert self._code is not None
        return self._code

    def interrupt(self) -> None:
        """It prints its tables, and ends."""
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def close(self) -> None:
        self.kill()
        if self._code is None:
            _, status = os.waitpid(self._pid, 0)
            self._code = os.waitstatus_to_exitcode(status)
        for fd in (self._out, self._err):
            if fd >= 0:
                os.close(fd)
        self._out = self._err = -1

    def _signal(self, number: int) -> None:
        if not self._looked():  # (its number stays its own until we have heard how it ended)
            os.kill(self._pid, number)

    def _looked(self) -> bool:
        if self._code is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code is not None


def _available(fd: int, most: int) -> bytes:
    try:
        return os.read(fd, most)
    except BlockingIOError:
        return b""


def _become(program: int, text: str, environment: dict[str, str], output: tuple[int, int], *, parent: int) -> None:
    """In the child. Does not return."""
    try:
        nothing = os.open("/dev/null", os.O_RDONLY)
        for place, fd in enumerate((nothing, *output)):
            os.dup2(fd, place)
            os.set_blocking(place, True)
        os.setsid()
        for limit, most in _LIMITS.items():
            hard = resource.getrlimit(limit)[1]
            allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(limit, (allowed, allowed))
        sandbox.confine()
        if os.getppid() != parent:  # it died before we asked to die with it
            os._exit(1)
        os.execve(program, ["bpftrace", "-f", "json", "-e", text], environment)  # noqa: S606 - no shell is the point
    except BaseException as error:  # whatever it was, nothing else may run in its place
        with suppress(OSError):
            os.write(2, f"bpftrace could not be started: {error}\n"[:300].encode())
    finally:
        os._exit(127)
