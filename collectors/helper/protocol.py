"""What goes over the socket between the server and the privileged helper.

A SOCK_SEQPACKET socket, so that messages have ends. A packet is a line of JSON (an object) and bytes behind it. The
client asks by one packet, ``{"ask": name, …}``, and is answered by one or more: all but the last say ``"more": true``,
and their bytes belong together. A refusal is ``{"refused": what, "why": why}``, an error of the system ``{"errno":
number, "words": …}``. Descriptors come with the last packet.
"""

import array
import json
import os
import socket
from dataclasses import dataclass
from typing import Any

VERSION = 1
PACKET = 64 << 10
"""bytes of a packet at most: the kernel takes no more than 200 KiB at once by default"""
_HEADER = 8 << 10
MOST_DESCRIPTORS = 4
SOCKET = "/run/perfdoctor/helper.sock"


class MalformedError(ValueError):
    """These bytes are no message."""


@dataclass(frozen=True, slots=True)
class Message:
    header: dict[str, Any]
    data: bytes = b""
    descriptors: tuple[int, ...] = ()


def pack(header: dict[str, Any], data: bytes = b"") -> bytes:
    return json.dumps(header, separators=(",", ":")).encode() + b"\n" + data


def unpack(packet: bytes) -> Message:
    """MalformedError unless it is a message. Looks at no more than its first 8 KiB as text."""
    line, found, data = packet.partition(b"\n")
    if not found or len(line) > _HEADER or not line.startswith(b"{"):
        raise MalformedError("not a message")
    try:
        header = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise MalformedError("not JSON") from error
    if not isinstance(header, dict):
        raise MalformedError("not an object")
    return Message(header, data)


def receive(connection: socket.socket) -> Message | None:
    """The next message; None when the other side has closed. Descriptors that were not asked for are closed."""
    room = array.array("i")
    packet, ancillary, flags, _ = connection.recvmsg(
        PACKET + 1, socket.CMSG_SPACE(MOST_DESCRIPTORS * room.itemsize), socket.MSG_CMSG_CLOEXEC
    )
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            room.frombytes(data[: len(data) - len(data) % room.itemsize])
    descriptors = tuple(room)
    if not packet:
        _close(descriptors)
        return None
    if len(packet) > PACKET or flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        _close(descriptors)
        raise MalformedError("too long")
    try:
        message = unpack(packet)
    except MalformedError:
        _close(descriptors)
        raise
    return Message(message.header, message.data, descriptors)


def send(
    connection: socket.socket, header: dict[str, Any], data: bytes = b"", descriptors: tuple[int, ...] = ()
) -> None:
    """In as many packets as it takes. OSError when the other side is gone or does not read."""
    room = PACKET - _HEADER
    while len(data) > room:
        connection.sendall(pack({"more": True}, data[:room]))
        data = data[room:]
    packet = pack(header, data)
    if descriptors:
        socket.send_fds(connection, [packet], list(descriptors))
    else:
        connection.sendall(packet)


def _close(descriptors: tuple[int, ...]) -> None:
    for fd in descriptors:
        os.close(fd)
