"""Asks sock_diag(7) for every socket of a network namespace, and reads its answer.

The layouts are those of linux/inet_diag.h, linux/unix_diag.h and struct tcp_info of linux/tcp.h.
"""

import ctypes
import os
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from perfdoctor.collectors.host.base import Host

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_REQUEST_DUMP = 0x301
_DONE, _ERROR = 3, 2
_CLONE_NEWNET = 0x40000000
_ALL_STATES = 0xFFFFFFFF
_UNIX_DIAG_NAME, _UNIX_DIAG_PEER = 0, 2
_INET_DIAG_INFO = 2
_SHOW_NAME_AND_PEER = 1 | 4
_PATIENCE = 2.0
_MOST_BYTES = 64 << 20
"""of one answer; a socket takes some 400"""

_HEADER = struct.Struct("=IHHII")
_INET_MESSAGE = struct.Struct("=4B2s2s16s16s12xIIIII")
_UNIX_MESSAGE = struct.Struct("=4BI8x")
_ATTRIBUTE = struct.Struct("=HH")


@dataclass(frozen=True, slots=True)
class TcpInfo:
    """``bytes_sent`` were sent without those that were sent again; None on kernels before 4.19."""

    rtt_seconds: float
    retransmits: int
    bytes_sent: int
    bytes_received: int


@dataclass(frozen=True, slots=True)
class Socket:
    """One socket. ``kind`` is tcp, udp, or of a Unix socket stream, datagram or packet; addresses are 4 or 16 bytes, or
    a Unix socket's name. ``state`` is the kernel's (include/net/tcp_states.h)."""

    family: int
    kind: str
    inode: int
    state: int
    local: bytes = b""
    local_port: int = 0
    remote: bytes = b""
    remote_port: int = 0
    peer_inode: int = 0
    info: TcpInfo | None = None


LISTEN, ESTABLISHED = 10, 1
_UNIX_KINDS = {1: "stream", 2: "datagram", 5: "packet"}
_INET_KINDS = {socket.IPPROTO_TCP: "tcp", socket.IPPROTO_UDP: "udp"}


def dump(host: Host, pid: int) -> list[Socket]:
    """Every TCP, UDP and Unix socket of the namespace that ``pid`` lives in. OSError when it may not be asked; kinds
    that this kernel cannot tell about are missing."""
    with _connected(host, pid) as netlink:
        found: list[Socket] = []
        for protocol, kind in _INET_KINDS.items():
            for family in (socket.AF_INET, socket.AF_INET6):
                extra = 1 << _INET_DIAG_INFO - 1 if kind == "tcp" else 0
                request = struct.pack("=4BI48x", family, protocol, extra, 0, _ALL_STATES)
                found += (parse_inet(body, kind) for body in _ask(netlink, request))
        request = struct.pack("=BBHIIIII", socket.AF_UNIX, 0, 0, _ALL_STATES, 0, _SHOW_NAME_AND_PEER, 0, 0)
        found += with_peers([parse_unix(body) for body in _ask(netlink, request)])
    return found


def _connected(host: Host, pid: int) -> socket.socket:
    """A socket stays in the namespace that it was made in: a thread of its own goes there, makes it, and ends."""
    theirs = f"/proc/{pid}/ns/net"
    if host.read_link(theirs) == host.read_link("/proc/self/ns/net"):
        return _new()
    made: list[socket.socket] = []
    refused: list[OSError] = []

    def make() -> None:
        try:
            space = os.open(theirs, os.O_RDONLY | os.O_CLOEXEC)
            try:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.setns(space, _CLONE_NEWNET):
                    number = ctypes.get_errno()
                    raise OSError(number, os.strerror(number), theirs)
                made.append(_new())
            finally:
                os.close(space)
        except OSError as error:
            refused.append(error)

    thread = threading.Thread(target=make, name="perfdoctor-netns")
    thread.start()
    thread.join()
    if refused:
        raise refused[0]
    return made[0]


def _new() -> socket.socket:
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG)
    made.settimeout(_PATIENCE)
    return made


def _ask(netlink: socket.socket, request: bytes) -> Iterator[bytes]:
    netlink.send(_HEADER.pack(_HEADER.size + len(request), _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 0, 0) + request)
    seen = 0
    while seen < _MOST_BYTES:
        answer = netlink.recv(1 << 18)
        seen += len(answer)
        for kind, body in messages(answer):
            if kind in (_DONE, _ERROR):  # an error: no such family, or its module is not there
                return
            yield body
    raise OSError("the kernel has too many sockets to look at them all")


def messages(answer: bytes) -> Iterator[tuple[int, bytes]]:
    """(type, body) of each netlink message in one datagram."""
    at = 0
    while at + _HEADER.size <= len(answer):
        length, kind, *_ = _HEADER.unpack_from(answer, at)
        if length < _HEADER.size:
            return
        yield kind, answer[at + _HEADER.size : at + length]
        at += length + 3 & ~3


def _attributes(body: bytes, at: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while at + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, at)
        if length < _ATTRIBUTE.size:
            break
        found[kind] = body[at + _ATTRIBUTE.size : at + length]
        at += length + 3 & ~3
    return found


def parse_inet(body: bytes, kind: str) -> Socket:
    family, state, _, _, local_port, remote_port, local, remote, *_, inode = _INET_MESSAGE.unpack_from(body)
    size = 4 if family == socket.AF_INET else 16
    return Socket(
        family=family,
        kind=kind,
        inode=inode,
        state=state,
        local=local[:size],
        local_port=int.from_bytes(local_port, "big"),
        remote=remote[:size],
        remote_port=int.from_bytes(remote_port, "big"),
        info=parse_info(_attributes(body, _INET_MESSAGE.size).get(_INET_DIAG_INFO, b"")),
    )


def parse_info(info: bytes) -> TcpInfo | None:
    if len(info) < 136:
        return None
    rtt, retransmits = struct.unpack_from("=I", info, 68)[0], struct.unpack_from("=I", info, 100)[0]
    acked, received = struct.unpack_from("=QQ", info, 120)
    sent = acked
    if len(info) >= 216:
        all_sent, again = struct.unpack_from("=QQ", info, 200)
        sent = all_sent - again
    return TcpInfo(rtt * 1e-6, retransmits, max(0, sent), received)


def parse_unix(body: bytes) -> Socket:
    _, kind, state, _, inode = _UNIX_MESSAGE.unpack_from(body)
    attributes = _attributes(body, _UNIX_MESSAGE.size)
    peer = attributes.get(_UNIX_DIAG_PEER, b"")
    return Socket(
        family=socket.AF_UNIX,
        kind=_UNIX_KINDS.get(kind, "stream"),
        inode=inode,
        state=state,
        local=attributes.get(_UNIX_DIAG_NAME, b""),
        peer_inode=int.from_bytes(peer[:4], "little"),
    )


def with_peers(sockets: list[Socket]) -> list[Socket]:
    """Unix sockets, each with the name of the one that it is connected to."""
    names = {one.inode: one.local for one in sockets}
    return [
        Socket(
            one.family, one.kind, one.inode, one.state, one.local, 0, names.get(one.peer_inode, b""), 0, one.peer_inode
        )
        for one in sockets
    ]
