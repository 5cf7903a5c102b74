"""May this user measure this process? The rules of ptrace_may_access(), asked of /proc, while a pidfd holds it.

What is said here is said early and in clear words. What holds is in the kernel: the BPF programs adopt a task, and keep
it when it executes another program, only if it belongs to the owner (belongs() in threads.h), and the kernel binds an
open /proc/PID/mem to the memory that was there when it was opened.
"""

import fcntl
import os
import select
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass

from perfdoctor.collectors.helper.policy import Policy
from perfdoctor.collectors.helper.refusal import RefusedError

_SO_PEERPIDFD = 77
_NS_GET_OWNER_UID = 0xB704


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is on the other side, as the kernel says (of the moment when it connected)."""

    pid: int
    uid: int
    gid: int


def peer_of(connection: socket.socket) -> Peer:
    """RefusedError when it is not in our pid namespace: its numbers of processes would be others' here."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, gid = struct.unpack("3i", raw)
    peer = Peer(pid, uid & 0xFFFFFFFF, gid & 0xFFFFFFFF)
    try:
        if pid <= 0:
            raise ProcessLookupError(3, "it is in another pid namespace")
        held = _peer_pidfd(connection, pid)
        try:
            theirs = os.stat(f"/proc/{pid}/ns/pid").st_ino  # noqa: PTH116
            ours = os.stat("/proc/self/ns/pid").st_ino  # noqa: PTH116
            _must_live(held)
        finally:
            os.close(held)
    except OSError as error:
        raise RefusedError("The helper does not know you.", f"Your process cannot be looked at: {error}.") from error
    if theirs != ours:
        raise RefusedError("The helper does not serve you.", "You are in another pid namespace (a container).")
    return peer


def _peer_pidfd(connection: socket.socket, pid: int) -> int:
    with suppress(OSError):  # Linux 6.5: the process that connected, and no other of its number
        return connection.getsockopt(socket.SOL_SOCKET, _SO_PEERPIDFD)
    return os.pidfd_open(pid)


class Admitted:
    """A process that may be measured, held by a pidfd: no other can pass for it."""

    def __init__(self, pid: int, pidfd: int, owner: int) -> None:
        self.pid, self.owner, self._pidfd = pid, owner, pidfd

    def must_live(self) -> None:
        """RefusedError when it has ended: its number may be another's by now."""
        try:
            _must_live(self._pidfd)
        except OSError as error:
            raise gone(self.pid) from error

    def close(self) -> None:
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1


def gone(pid: int) -> RefusedError:
    return RefusedError(f"There is no process {pid}.", "It has ended, or another one has taken its number.")


def admit(peer: Peer, policy: Policy, pid: int, started: int) -> Admitted:
    """``started``: in clock ticks since boot, as /proc/PID/stat says. RefusedError when there is no such process, or it
    is not the peer's to measure."""
    try:
        pidfd = os.pidfd_open(pid)
    except (OSError, OverflowError, ValueError) as error:
        raise gone(pid) from error
    try:
        owner = _judge(peer, policy, pid, started)
        _must_live(pidfd)  # so all that was read is of the process that is held
    except OSError as error:
        os.close(pidfd)
        raise gone(pid) from error
    except RefusedError:
        os.close(pidfd)
        raise
    return Admitted(pid, pidfd, owner)


def _must_live(pidfd: int) -> None:
    if select.select([pidfd], [], [], 0)[0]:  # (readable once the process has ended; to ask takes no privilege)
        raise ProcessLookupError(3, "it has ended")


def _judge(peer: Peer, policy: Policy, pid: int, started: int) -> int:
    """The owner of a process that the peer may measure."""
    status = _status(pid)
    if _started(pid) != started:
        raise gone(pid)
    if policy.may_measure_all(peer.uid):
        return int(status["Uid"][0])
    uids, gids = set(map(int, status["Uid"])), set(map(int, status["Gid"]))
    owner = int(status["Uid"][0])
    # One answer for all that is not theirs: it shall not tell more than that.
    not_theirs = RefusedError(
        f"Process {pid} is not yours to measure.",
        f"It does not belong to user {peer.uid} alone: it is another user's, or runs with more privilege than its user "
        "has (set-user-id, capabilities), or asked not to be inspected.",
    )
    if len(uids) != 1 or len(gids) != 1 or not policy.may_measure(peer.uid, owner):
        raise not_theirs
    if int(status["CapPrm"][0], 16) and _namespace_owner(pid) != owner:
        raise not_theirs
    # The files of a process that may not be inspected belong to root.
    if os.stat(f"/proc/{pid}/mem").st_uid != owner:  # noqa: PTH116
        raise not_theirs
    return owner


def _status(pid: int) -> dict[str, list[str]]:
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:  # noqa: PTH123
        lines = file.read(64 << 10).splitlines()
    told = dict(line.partition(":")[::2] for line in lines)
    try:
        return {name: told[name].split() for name in ("Uid", "Gid", "CapPrm")}
    except KeyError as error:
        raise ProcessLookupError(3, "it has ended") from error


def _started(pid: int) -> int:
    with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
        # 42 (name, which may hold anything) S 1 … : the start is the 22nd field
        fields = file.read(4096).rpartition(b")")[2].split()
    if len(fields) < 20:
        raise ProcessLookupError(3, "it has ended")
    return int(fields[19])


def _namespace_owner(pid: int) -> int:
    """Who made the user namespace that a process is in; -1 when that cannot be told."""
    with suppress(OSError):
        fd = os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return int(struct.unpack("I", fcntl.ioctl(fd, _NS_GET_OWNER_UID, bytes(4)))[0])
        finally:
            os.close(fd)
    return -1
