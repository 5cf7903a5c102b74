"""The little of WebSocket (RFC 6455) that an inspector on the same machine needs: text out, text in.

What comes back is a program's own word: bounded, and any break of the rules ends the conversation.
"""

import base64
import os
import socket
import struct
from collections import deque

import anyio

LARGEST = 256 << 20
"""bytes of one message: a heap profile may have many"""
_HEAD_LIMIT = 64 << 10
_CONTINUED, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10


class BrokenTalkError(OSError):
    """The other side has ended the conversation, or does not keep to the rules."""


class Frames:
    """From bytes to messages, without I/O. ``pongs`` are answers that must be sent."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._message = bytearray()
        self.messages: deque[bytes] = deque()
        self.pongs: deque[bytes] = deque()
        self.closed = False

    def feed(self, data: bytes) -> None:
        self._bytes += data
        while not self.closed and self._take():
            pass

    def _take(self) -> bool:
        if len(self._bytes) < 2:
            return False
        first, second = self._bytes[0], self._bytes[1]
        size, at = second & 0x7F, 2
        if size >= 126:
            at = 4 if size == 126 else 10
            if len(self._bytes) < at:
                return False
            size = int.from_bytes(self._bytes[2:at], "big")
        if second & 0x80 or first & 0x70 or len(self._message) + size > LARGEST:
            raise BrokenTalkError("the inspector sent what is no WebSocket frame, or too much")
        if len(self._bytes) < at + size:
            return False
        content = bytes(self._bytes[at : at + size])
        del self._bytes[: at + size]
        kind = first & 15
        if kind in (_CONTINUED, _TEXT, _BINARY):
            self._message += content
            if first & 0x80:
                self.messages.append(bytes(self._message))
                self._message.clear()
        elif kind == _PING:
            self.pongs.append(content[:125])
        elif kind == _CLOSE:
            self.closed = True
        return True


def frame(content: bytes, kind: int = _TEXT) -> bytes:
    """A frame as a client sends it: masked."""
    size = len(content)
    head = bytes([0x80 | kind])
    if size < 126:
        head += bytes([0x80 | size])
    else:
        head += struct.pack(">BH", 0x80 | 126, size) if size < 1 << 16 else struct.pack(">BQ", 0x80 | 127, size)
    # A mask is there to keep caches between browsers and servers from being fooled; here is nothing between.
    return head + bytes(4) + content


class WebSocket:
    """One conversation over a connected socket, which it owns."""

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self._socket = connected
        self._frames = Frames()

    async def greet(self, path: str, host: str) -> None:
        """BrokenTalkError when the other side wants no WebSocket at ``path``."""
        key = base64.b64encode(os.urandom(16)).decode()
        await self._send(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = bytearray()
        while b"\r\n\r\n" not in head:
            head += await self._receive()
            if len(head) > _HEAD_LIMIT:
                raise BrokenTalkError("the inspector's greeting does not end")
        answer, _, rest = bytes(head).partition(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 101"):
            raise BrokenTalkError("the inspector did not take up a WebSocket")
        self._frames.feed(rest)

    async def send(self, text: str) -> None:
        await self._send(frame(text.encode()))

    async def receive(self) -> bytes:
        """The next whole message."""
        while not self._frames.messages:
            if self._frames.closed:
                raise BrokenTalkError("the inspector has ended the conversation")
            self._frames.feed(await self._receive())
            while self._frames.pongs:
                await self._send(frame(self._frames.pongs.popleft(), _PONG))
        return self._frames.messages.popleft()

    def close(self) -> None:
        self._socket.close()

    async def _send(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            try:
                left = left[self._socket.send(left) :]
            except BlockingIOError:
                await anyio.wait_writable(self._socket)

    async def _receive(self) -> bytes:
        while True:
            try:
                data = self._socket.recv(1 << 18)
            except BlockingIOError:
                await anyio.wait_readable(self._socket)
                continue
            if not data:
                raise BrokenTalkError("the inspector has ended the conversation")
            return data
