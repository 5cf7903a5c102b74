"""Listens, asks the policy who may come in, and gives each connection a process of its own. Does nothing itself."""

import errno
import os
import selectors
import signal
import socket
import struct
import sys
from collections import Counter
from contextlib import suppress

from perfdoctor.collectors.helper import protocol, worker
from perfdoctor.collectors.helper.policy import Policy
from perfdoctor.collectors.helper.slots import Slots

_FIRST_PASSED = 3
"""systemd passes its sockets from this descriptor on (sd_listen_fds(3))"""
_BACKLOG = 64


def listening(path: str | None) -> socket.socket:
    """The socket that systemd opened for us, or one of our own at ``path``."""
    if path is None:
        if os.environ.get("LISTEN_PID") != str(os.getpid()) or os.environ.get("LISTEN_FDS") != "1":
            sys.exit("perfdoctor-helper: started without a socket: by systemd, or with --socket PATH")
        passed = socket.socket(fileno=_FIRST_PASSED)
        if passed.family != socket.AF_UNIX or passed.type != socket.SOCK_SEQPACKET:
            sys.exit("perfdoctor-helper: the socket must be a Unix socket of packets (ListenSequentialPacket=)")
        passed.set_inheritable(False)
        return passed
    with suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108
    made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    made.bind(path)
    os.chmod(path, 0o666)  # noqa: PTH101, S103 - the policy says who may come in, by the kernel's word for who it is
    made.listen(_BACKLOG)
    return made


class Daemon:
    """``serve`` until SIGTERM. Its children end with it."""

    def __init__(self, listener: socket.socket, policy: Policy) -> None:
        self._listener, self._policy = listener, policy
        self._slots = Slots()
        self._children: dict[int, int] = {}
        """the user of each worker, by pid"""
        self._over = False

    def serve(self) -> None:
        woken, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self._listener.setblocking(False)
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            while not self._over:
                for key, _ in selector.select():
                    if key.fd == woken:
                        with suppress(BlockingIOError):
                            os.read(woken, 4096)
                self._bury()
                self._accept()
        for pid in self._children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _stop(self, *_: object) -> None:
        self._over = True

    def _bury(self) -> None:
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                uid = self._children.pop(pid, None)
                if os.WIFSIGNALED(status):
                    sys.stderr.write(f"perfdoctor-helper: serving user {uid} ended by signal {os.WTERMSIG(status)}\n")

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno not in (errno.ECONNABORTED, errno.EMFILE, errno.ENFILE, errno.ENOMEM):
                raise
            return
        with connection:
            raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            uid = struct.unpack("3i", raw)[1] & 0xFFFFFFFF
            refusal = self._refusal(uid)
            if refusal:
                connection.settimeout(0.1)
                with suppress(OSError):
                    protocol.send(connection, {"refused": refusal[0], "why": refusal[1]})
                return
            connection.setblocking(True)
            self._start(connection, uid)

    def _refusal(self, uid: int) -> tuple[str, str] | None:
        if not self._policy.may_connect(uid):
            return f"User {uid} may not use the helper.", "Its policy (/etc/perfdoctor/helper.toml) does not allow it."
        if len(self._children) >= self._policy.total:
            return "The helper is busy.", f"It serves {self._policy.total} connections already."
        if Counter(self._children.values())[uid] >= self._policy.each:
            return "The helper is busy.", f"It serves {self._policy.each} connections of yours already."
        return None

    def _start(self, connection: socket.socket, uid: int) -> None:
        daemon = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            with suppress(OSError):
                protocol.send(connection, {"refused": "The helper is busy.", "why": os.strerror(error.errno or 0)})
            return
        if pid == 0:
            self._listener.close()
            worker.run(connection, self._policy, daemon, self._slots)
        self._children[pid] = uid
