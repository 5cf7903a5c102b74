"""This machine, without privilege of our own: what takes some is asked of the privileged helper over its socket.

Everything else is done as ``LocalHost`` does it: our own processes are ours to look at.
"""

import os
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from perfdoctor.collectors.backends.proc import stat
from perfdoctor.collectors.helper import protocol
from perfdoctor.collectors.host.base import Channel, Host, Memory
from perfdoctor.collectors.host.local import LocalHost, LocalMemory
from perfdoctor.collectors.host.permission import CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN, capable
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.problem import Problem, ProblemError

_PATIENCE = 30.0
"""seconds until an answer: the verifier looks at the largest object for two, on a busy machine for longer"""
_SAID_SECONDS = 2.0
"""how long its word holds that it serves us: one question asks for each of its backends"""
_TICKS = os.sysconf("SC_CLK_TCK")
_MOST_NAMED = 256
"""processes that fit the header of one message"""
_INSTALL = "As root, run: perfdoctor helper install --allow USER, with the user that perfdoctor runs as."


class HelperGoneError(OSError):
    """The helper ended, or did not answer in time."""


class SocketChannel:
    """See ``Channel``."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        self._lock = threading.Lock()
        try:
            self._socket.settimeout(_PATIENCE)
            self._socket.connect(path)
        except OSError:
            self._socket.close()
            raise

    def ask(self, header: dict[str, Any], data: bytes = b"") -> tuple[dict[str, Any], bytes, tuple[int, ...]]:
        with self._lock:
            parts: list[bytes] = []
            try:
                with suppress(BrokenPipeError):  # it may have said why before it closed
                    protocol.send(self._socket, header, data)
                while True:
                    message = self._receive()
                    if message is None:
                        raise HelperGoneError(104, "the privileged helper ended the connection")
                    parts.append(message.data)
                    if not message.header.get("more"):
                        break
            except (protocol.MalformedError, TimeoutError, ConnectionError, BrokenPipeError) as error:
                if isinstance(error, HelperGoneError):
                    raise
                raise HelperGoneError(104, f"the privileged helper does not answer ({error})") from error
        told = message.header
        if "refused" in told:
            raise ProblemError(
                clean(str(told["refused"]), 300),
                f"The privileged helper says: {clean(str(told.get('why', '')), 600)}",
                "Ask for a process of your own, or have the administrator look at the helper's policy: "
                "perfdoctor helper status.",
            )
        if "errno" in told:
            number = told["errno"] if isinstance(told["errno"], int) else 5
            raise OSError(number, f"the privileged helper: {os.strerror(number)} ({header['ask']})")
        return told, b"".join(parts), message.descriptors

    def _receive(self) -> protocol.Message | None:
        try:
            return protocol.receive(self._socket)
        except ConnectionResetError:  # told once, before what was said last
            return protocol.receive(self._socket)

    def close(self) -> None:
        self._socket.close()


class HelperClient:
    """See ``Helper``."""

    def __init__(self, path: str = protocol.SOCKET) -> None:
        self.path = path
        self._said: Problem | None = None
        self._asked = -_SAID_SECONDS

    def unavailable(self) -> Problem | None:
        if time.monotonic() - self._asked > _SAID_SECONDS:
            self._said, self._asked = self._ask(), time.monotonic()
        return self._said

    def _ask(self) -> Problem | None:
        try:
            channel = SocketChannel(self.path)
            try:
                told, _, _ = channel.ask({"ask": "hello"})
            finally:
                channel.close()
        except ProblemError as refusal:
            return refusal.problem
        except OSError as error:
            return Problem(
                what="The privileged helper does not answer.",
                why=f"{self.path}: {error.strerror or error}.",
                next_step=_INSTALL,
            )
        if told.get("version") != protocol.VERSION:
            return Problem(
                what="The privileged helper is of another version of perfdoctor.",
                why=f"It speaks version {clean(str(told.get('version')), 20)}, this is {protocol.VERSION}.",
                next_step="As root, run: perfdoctor helper install, with this version of perfdoctor.",
            )
        return None

    def connect(self) -> Channel:
        return SocketChannel(self.path)


class HelperHost(LocalHost):
    """See ``Host``."""

    def __init__(self, helper: HelperClient, *, attach_runtimes: bool = True) -> None:
        super().__init__(attach_runtimes=attach_runtimes)
        self.helper = helper

    def memory(self, pid: int) -> Memory:
        """Where the kernel does not let us (Yama), the helper opens it."""
        try:
            return LocalMemory(pid)
        except PermissionError as error:
            assert isinstance(self.helper, HelperClient)
            try:
                return self._memory(self.helper, pid)
            except (OSError, ProblemError):
                raise error from None

    def _memory(self, helper: HelperClient, pid: int) -> Memory:
        started = round(stat.read(self, pid).started * _TICKS)
        channel = helper.connect()
        try:
            _, _, descriptors = channel.ask({"ask": "memory", "pid": pid, "started": started}, b"")
        finally:
            channel.close()
        if len(descriptors) != 1:
            for fd in descriptors:
                os.close(fd)
            raise PermissionError(13, "the privileged helper gave no memory")
        return LocalMemory(pid, fd=descriptors[0])


def as_helper_knows(host: Host, pids: Sequence[int]) -> list[list[int]]:
    """Each process with its start, so that no other can pass for it. Those that have ended are left out; the first, the
    target, may not have: ProblemError."""
    found: list[list[int]] = []
    for pid in pids:
        try:
            found.append([pid, round(stat.read(host, pid).started * _TICKS)])
        except OSError as error:
            if not found:
                raise ProblemError(
                    f"Process {pid} has ended.", "It was there a moment ago.", "Call proc-find to see what runs."
                ) from error
    return found[:_MOST_NAMED]


def socket_path() -> str:
    """Where the helper listens: where its unit says, unless the environment names another place."""
    return os.environ.get("PERFDOCTOR_HELPER") or protocol.SOCKET


def this_host(*, attach_runtimes: bool = True, path: str | None = None) -> Host:
    """This machine as we may use it: by ourselves where we are privileged, through the helper where its socket is, or
    else by what an unprivileged process may."""
    local = LocalHost(attach_runtimes=attach_runtimes)
    if capable(local, CAP_SYS_ADMIN) or (capable(local, CAP_BPF) and capable(local, CAP_PERFMON)):
        return local
    path = path or socket_path()
    with suppress(OSError):
        if Path(path).is_socket():
            return HelperHost(HelperClient(path), attach_runtimes=attach_runtimes)
    return local
