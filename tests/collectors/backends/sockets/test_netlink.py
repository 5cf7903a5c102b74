"""The kernel's answers, made by hand as its headers say."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.backends.sockets import netlink
from perfdoctor.collectors.backends.sockets.netlink import ESTABLISHED, LISTEN, Socket
from perfdoctor.collectors.backends.sockets.snapshot import sort
from perfdoctor.collectors.peers import PeerName


def attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("=HH", len(data) + 4, kind) + data + bytes(-len(data) % 4)


def inet(local: int, remote: int, inode: int, info: bytes) -> bytes:
    ends = struct.pack("!HH", local, remote) + socket.inet_aton("127.0.0.1") + bytes(12) + socket.inet_aton("10.0.0.7")
    body = bytes([socket.AF_INET, 1, 0, 0]) + ends + bytes(12) + bytes(12) + struct.pack("=5I", 0, 0, 0, 0, inode)
    return body + attribute(2, info)


def info() -> bytes:
    made = bytearray(232)
    struct.pack_into("=I", made, 68, 1500)
    struct.pack_into("=I", made, 100, 3)
    struct.pack_into("=QQ", made, 120, 1001, 2000)
    struct.pack_into("=QQ", made, 200, 1107, 107)
    return bytes(made)


def test_a_tcp_socket() -> None:
    read = netlink.parse_inet(inet(40000, 5432, 77, info()), "tcp")
    assert (read.local_port, read.remote_port, read.inode, read.remote) == (40000, 5432, 77, b"\x0a\0\0\x07")
    assert read.info == netlink.TcpInfo(0.0015, 3, 1000, 2000)
    assert netlink.parse_info(info()[:150]) == netlink.TcpInfo(0.0015, 3, 1001, 2000)
    assert netlink.parse_info(b"") is None


def test_unix_sockets_know_their_peers() -> None:
    body = struct.pack("=4BI8x", socket.AF_UNIX, 1, 1, 0, 5) + attribute(2, struct.pack("=I", 6))
    other = (
        struct.pack("=4BI8x", socket.AF_UNIX, 1, 1, 0, 6) + attribute(0, b"/run/x") + attribute(2, struct.pack("=I", 5))
    )
    mine, theirs = netlink.with_peers([netlink.parse_unix(body), netlink.parse_unix(other)])
    assert (mine.remote, theirs.local, theirs.remote) == (b"/run/x", b"/run/x", b"")


@pytest.mark.parametrize(
    ("local", "remote", "listens", "incoming"),
    [(40001, 41000, 0, True), (41000, 40001, 0, False), (40001, 41000, 41000, False), (40002, 41000, 0, False)],
    ids=["accepted here", "connected here", "somebody listens there", "both connected, as it seems"],
)
def test_who_accepted_is_known_by_its_port_where_nobody_listens_any_more(
    local: int, remote: int, listens: int, incoming: bool
) -> None:
    def tcp(inode: int, local: int, remote: int, state: int = ESTABLISHED) -> Socket:
        return Socket(socket.AF_INET, "tcp", inode, state, b"\x7f\0\0\1", local, b"\x7f\0\0\1", remote)

    both = [tcp(1, local, remote), tcp(2, remote, local), *([tcp(3, listens, 0, LISTEN)] if listens else [])]
    (one,) = sort(both, own={1}).connections.values()
    assert one.name.direction == ("incoming" if incoming else "outgoing")


def test_what_a_target_holds_is_sorted_by_peer() -> None:
    def tcp(inode: int, local: int, remote: int, state: int = ESTABLISHED) -> Socket:
        return Socket(socket.AF_INET, "tcp", inode, state, b"\x7f\0\0\1", local, b"\x0a\0\0\x07", remote)

    found = sort(
        [
            tcp(1, 80, 0, LISTEN),
            tcp(2, 80, 41000),
            tcp(3, 42000, 5432),
            tcp(4, 43000, 6379),
            Socket(socket.AF_UNIX, "stream", 5, ESTABLISHED, b"", 0, b"/run/x\0", 0, 6),
            Socket(socket.AF_UNIX, "stream", 7, ESTABLISHED, b"\0abstract", 0, b"", 0, 8),
        ],
        own={1, 2, 3, 5, 7},
    )
    assert found.listening == {80}
    assert {inode: one.name for inode, one in found.connections.items()} == {
        2: PeerName("tcp", "incoming", "10.0.0.7", ":80", 80),
        3: PeerName("tcp", "outgoing", "10.0.0.7:5432", "", 5432),
        5: PeerName("unix", "outgoing", "/run/x"),
        7: PeerName("unix", "incoming", "(unnamed)", "@abstract"),
    }


@given(st.binary(max_size=300))
def test_any_answer_is_read_without_end(data: bytes) -> None:
    for _, body in netlink.messages(data):
        assert len(body) < len(data)
    netlink._attributes(data, 0)
    netlink.parse_info(data)
