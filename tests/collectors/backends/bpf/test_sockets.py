"""The records and rows of sockets.h, as its source lays them out."""

import re
import socket
import struct
from pathlib import Path

import pytest

from perfdoctor.collectors.backends.bpf import sockets
from perfdoctor.collectors.peers import PeerName
from perfdoctor.collectors.syscall_names import ARM64, X86_64

SOURCE = Path(sockets.__file__).with_name("sockets.h").read_text()
NUMBERS = {"PEER_PATH": 112, "PAYLOAD": 256}


def c_struct_size(name: str) -> int:
    body = re.search(rf"struct {name} {{(.*?)\n}};", SOURCE, re.DOTALL)
    assert body, name
    sizes = {"u64": 8, "u32": 4, "u16": 2, "u8": 1}
    total = 0
    for kind, names in re.findall(r"^\s+(u64|u32|u16|u8) ([^;]+);", body[1], re.MULTILINE):
        for member in names.split(","):
            count = re.search(r"\[(\w+)\]", member)
            length = count[1] if count else "1"
            total += sizes[kind] * (int(length) if length.isdecimal() else NUMBERS[length])
    return total


def test_sizes_agree_with_the_c_source() -> None:
    assert all(f"#define {name} {value}\n" in SOURCE for name, value in NUMBERS.items())
    assert sockets.PEER.size == c_struct_size("peer")
    assert sockets.PAYLOAD.size + 256 == c_struct_size("payload")
    assert sockets.TALK_KEY.size == c_struct_size("talk_key")
    assert sockets.TALK_VALUE.size == c_struct_size("talk_value")
    assert sockets.FAILURE_KEY.size == c_struct_size("failure_key")


def test_names_and_order_agree_with_the_c_source() -> None:
    talk = re.search(r"enum talk {(.*?)};", SOURCE, re.DOTALL)
    assert talk
    assert re.findall(r"TALK_(\w+)", talk[1]) == [
        "CONNECT", "ACCEPT", "SEND", "RECEIVE", "TURN", "KNOWN", "RETRANSMIT", "FAILED", "SPAN",
    ]  # fmt: skip
    counters = re.search(r"enum net_counter {(.*?)};", SOURCE)
    assert counters
    assert [name.split("_")[-1].lower() for name in counters[1].split(",")][:3] == list(sockets.COUNTERS)[:3]
    assert len(counters[1].split(",")) == len(sockets.COUNTERS) + 1


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ((2, 1, 1, 5432, 0, b"\x0a\0\0\7", b""), PeerName("tcp", "outgoing", "10.0.0.7:5432", "", 5432)),
        ((10, 1, 1, 80, 0, bytes(15) + b"\1", b""), PeerName("tcp", "outgoing", "[::1]:80", "", 80)),
        ((2, 1, 2, 0, 8080, b"\x0a\0\0\7", b""), PeerName("tcp", "incoming", "10.0.0.7", ":8080", 8080)),
        ((2, 2, 1, 53, 0, b"\x0a\0\0\2", b""), PeerName("udp", "outgoing", "10.0.0.2:53", "", 53)),
        ((1, 1, 1, 0, 0, b"", b"/run/x.sock\0"), PeerName("unix", "outgoing", "/run/x.sock")),
        ((1, 1, 2, 0, 0, b"", b"\0bus"), PeerName("unix", "incoming", "(unnamed)", "@bus")),
        ((1, 2, 1, 0, 0, b"", b"/run/\x1b[2Jx"), PeerName("unix-datagram", "outgoing", "/run/\ufffd[2Jx")),
        ((16, 3, 1, 0, 0, b"", b""), PeerName("netlink", "outgoing", "(kernel)")),
    ],
)
def test_peers_are_named(fields: tuple[int, int, int, int, int, bytes, bytes], name: PeerName) -> None:
    family, kind, role, port, local, address, path = fields
    data = sockets.PEER.pack(16, family, kind, role, 0, 99, port, local, len(path), address, path)
    assert sockets.read_peer(data) == (99, name)
    assert name.side in ("local", "remote")


def test_calls_are_classed_on_every_architecture() -> None:
    from perfdoctor.collectors.network_calls import FORMS, KINDS

    assert set(KINDS) - set(X86_64) - set(ARM64) == set()
    assert set(FORMS) <= set(KINDS)
    assert socket.AF_UNIX == sockets.UNIX
    assert struct.calcsize("<Q") == 8
