"""To which process's inspector may we go, and how is it reached? Looks and connects; never asks for code."""

import contextlib
import ctypes
import os
import signal
import socket
import threading
from typing import NamedTuple

from perfdoctor.collectors.backends.proc import net_tcp
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.host.permission import may_attach, status_field
from perfdoctor.schemas.problem import Problem
from perfdoctor.schemas.target import Target

DEFAULT_PORT = 9229
_TICKS = os.sysconf("SC_CLK_TCK")
USR1 = 1 << (signal.SIGUSR1 - 1)
"""in a mask of signals"""
_NEWNET = 0x40000000  # CLONE_NEWNET, sched.h
WITHOUT = "Use backend bpf, or start the program with --perf-basic-prof: its functions are then named without that."
CONNECT_SECONDS = 2.0


class Place(NamedTuple):
    """Where a socket of the target listens."""

    address: str
    port: int


def refusal(host: Host, target: Target) -> Problem | None:
    """Why the inspector of this process must not be opened; None when it may. Looks only."""
    pid = target.pid
    what = f"The inspector of process {pid} cannot be opened."
    if target.runtime != "node":
        return Problem(
            what=what, why=f"It is not run by Node.js but by {target.runtime}.", next_step="Use backend bpf."
        )
    if not host.attach_runtimes:
        return forbidden(what)
    if target.others:
        return Problem(
            what=what,
            why=f"It is one of {len(target.pids)} processes that were asked for together.",
            next_step="Give the pid of one of them.",
        )
    if not may_attach(host, pid):
        return Problem(
            what=what,
            why="It belongs to another user, or ptrace is not allowed here.",
            next_step="Run perfdoctor as root, or as the user of that process.",
        )
    caught = int((status_field(host, pid, "SigCgt") or ["0"])[0], 16)
    if not caught & USR1 and not already_open(host, target):
        return Problem(
            what=what,
            why="It does not handle SIGUSR1 (--disable-sigusr1, or it is just starting): the signal would end it.",
            next_step=WITHOUT,
        )
    return None


def forbidden(what: str) -> Problem:
    return Problem(what=what, why="The operator has set attach_runtimes to false.", next_step="Use backend bpf.")


def listening(host: Host, pid: int) -> set[Place]:
    """The TCP sockets on which a process listens, in its own network namespace. OSError when it has ended."""
    return {place for inode, place in _listening(host, pid).items() if inode in _sockets(host, pid)}


def already_open(host: Host, target: Target) -> Place | None:
    """An inspector that was open before: a socket at the port that Node takes by itself, or the command line names.
    Other sockets of the program are not tried: a question there would be a request to it."""
    ports = {DEFAULT_PORT}
    for word in target.command:
        # --inspect=127.0.0.1:9230  |  --inspect-port=9230
        if word.startswith("--inspect"):
            with contextlib.suppress(ValueError):
                ports.add(int(word.rpartition("=")[2].rpartition(":")[2]))
    with contextlib.suppress(OSError):
        return next((place for place in sorted(listening(host, target.pid)) if place.port in ports), None)
    return None


def in_use(host: Host, pid: int, port: int) -> bool:
    """Whether somebody is connected to the port: a debugger."""
    sockets = _sockets(host, pid)
    ends = net_tcp.read_ends(host, pid)
    return any(inode in sockets and f":{port} > " in end for inode, end in ends.items())


def is_there(host: Host, target: Target) -> bool:
    """Whether the very process still runs: the same pid with the same start time, and not a zombie."""
    try:
        # 42 (name, which may hold anything) S 1 …: the 22nd field is when it started, in ticks
        words = host.read_file(f"/proc/{target.pid}/stat", 4096).rpartition(b")")[2].split()
    except OSError:
        return False
    if len(words) < 20 or words[0] in (b"Z", b"X"):
        return False
    return abs(int(words[19]) - target.start_time * _TICKS) < 1


def connect(host: Host, pid: int, place: Place) -> socket.socket:
    """A connection to what listens there, made in the network namespace of the process. OSError when it is refused."""
    if host.read_link("/proc/self/ns/net") == host.read_link(f"/proc/{pid}/ns/net"):
        return _connect(place)
    found: list[socket.socket | OSError] = []

    def go() -> None:
        # A namespace is a thread's own: this one ends, and none of ours has ever been elsewhere.
        try:
            namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            try:
                if ctypes.CDLL(None, use_errno=True).setns(namespace, _NEWNET):
                    number = ctypes.get_errno()
                    raise OSError(number, f"its network namespace may not be entered: {os.strerror(number)}")
                found.append(_connect(place))
            finally:
                os.close(namespace)
        except OSError as error:
            found.append(error)

    thread = threading.Thread(target=go, name="inspector-connect", daemon=True)
    thread.start()
    thread.join()
    if isinstance(found[0], OSError):
        raise found[0]
    return found[0]


def _connect(place: Place) -> socket.socket:
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(place.address, place.address)  # noqa: S104 (nothing is bound)
    return socket.create_connection((address, place.port), CONNECT_SECONDS)


def _listening(host: Host, pid: int) -> dict[int, Place]:
    found = {}
    for inode, end in net_tcp.read_ends(host, pid).items():
        # tcp 127.0.0.1:9229 listens
        if end.endswith(" listens"):
            address, _, port = end.split()[1].rpartition(":")
            found[inode] = Place(address.strip("[]"), int(port))
    return found


def _sockets(host: Host, pid: int) -> set[int]:
    """Inodes of the sockets that a process has open."""
    inodes = set()
    for name in host.list_folder(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError, ValueError):
            link = host.read_link(f"/proc/{pid}/fd/{name}")
            if link.startswith("socket:["):
                inodes.add(int(link[8:-1]))
    return inodes
