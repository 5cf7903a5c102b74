"""The connections that a target holds at one moment, by peer."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from socket import AF_UNIX

from perfdoctor.collectors.backends.sockets.netlink import ESTABLISHED, LISTEN, Socket, dump
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.peers import PeerName, host_text, path_text

MOST_FILES = 4096
"""descriptors of one process that are looked at"""


@dataclass(frozen=True, slots=True)
class Connection:
    name: PeerName
    socket: Socket


@dataclass(frozen=True, slots=True)
class Snapshot:
    """``connections`` by inode; ``listening`` are the ports that the target accepts on, or did. ``listeners``: the
    inode that listens on a TCP port (``:80``) or a path, of any process of the namespace. ``cut``: a process has more
    open files than are looked at."""

    connections: dict[int, Connection]
    listening: frozenset[int]
    listeners: dict[str, int]
    cut: bool = False


def look(host: Host, pid: int, pids: Iterable[int]) -> Snapshot:
    """OSError where the kernel may not be asked about the namespace of ``pid``."""
    own: set[int] = set()
    cut = False
    for one in pids:
        with contextlib.suppress(OSError):  # it has ended
            names = host.list_folder(f"/proc/{one}/fd")
            cut = cut or len(names) > MOST_FILES
            own |= sockets_of(host, one, names)
    return sort(dump(host, pid), own, cut)


def sockets_of(host: Host, pid: int, names: list[str]) -> set[int]:
    found = set()
    for name in names[:MOST_FILES]:
        with contextlib.suppress(OSError):  # closed meanwhile
            # socket:[31337]
            link = host.read_link(f"/proc/{pid}/fd/{name}")
            if link.startswith("socket:[") and link[8:-1].isdecimal():
                found.add(int(link[8:-1]))
    return found


def sort(sockets: list[Socket], own: set[int], cut: bool = False) -> Snapshot:
    listening = frozenset(s.local_port for s in sockets if s.kind == "tcp" and s.state == LISTEN and s.inode in own)
    listening |= _accepted(sockets, own)
    listeners = {_called(s): s.inode for s in sockets if s.state == LISTEN}
    connections = {s.inode: Connection(_name(s, listening), s) for s in sockets if s.inode in own and _is_connection(s)}
    return Snapshot(connections, listening, listeners, cut)


def _accepted(sockets: list[Socket], own: set[int]) -> set[int]:
    """The ports on which the target accepted a connection from here, and listens no more: it serves one client alone.

    Linux gives even ports to who connects, and odd ones to who asks for any port to listen on, as long as there are
    some (``inet_hash_connect`` and ``inet_csk_find_open_port``, since 4.2; the range of ports begins with an even
    one)."""
    open_ports = {one.local_port for one in sockets if one.kind == "tcp" and one.state == LISTEN}
    ends = {(one.local_port, one.remote_port) for one in sockets if one.kind == "tcp" and one.state == ESTABLISHED}
    return {
        one.local_port
        for one in sockets
        if one.inode in own and one.kind == "tcp" and one.state == ESTABLISHED and one.local_port % 2
        if not one.remote_port % 2 and (one.remote_port, one.local_port) in ends
        if not {one.local_port, one.remote_port} & open_ports
    }


def _is_connection(one: Socket) -> bool:
    if one.family == AF_UNIX:
        return one.state == ESTABLISHED and (one.kind != "datagram" or bool(one.peer_inode))
    return one.state != LISTEN and one.remote_port > 0


def _called(one: Socket) -> str:
    return path_text(one.local) if one.family == AF_UNIX else f":{one.local_port}"


def _name(one: Socket, listening: frozenset[int]) -> PeerName:
    if one.family == AF_UNIX:
        transport = "unix" if one.kind == "stream" else f"unix-{one.kind}"
        if one.remote or not one.local:
            return PeerName(transport, "outgoing", path_text(one.remote))
        return PeerName(transport, "incoming", "(unnamed)", path_text(one.local))
    host = host_text(one.remote)
    if one.kind == "tcp" and one.local_port in listening:
        return PeerName("tcp", "incoming", host, f":{one.local_port}", one.local_port)
    return PeerName(one.kind, "outgoing", f"{host}:{one.remote_port}", "", one.remote_port)
