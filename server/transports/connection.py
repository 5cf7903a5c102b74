"""One HTTP connection whose other side may be slow, or mean to be: each thing that is waited for has a time limit."""

import asyncio
import socket
import struct
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from perfdoctor.server.transports.metrics import Metrics, Reason

HEADER_SECONDS = 10.0
"""from the connection, or the first byte of a later request, to the end of its headers"""
BODY_SECONDS = 30.0
"""for the whole body: a megabyte needs 35 KB/s"""
READ_SECONDS = 30.0
"""that a client may leave everything unread when what waits for it is more than the buffers hold"""
DEAD_SECONDS = 60
"""after which what nobody acknowledges ends a connection; the system alone would wait a quarter of an hour"""
SEND_BUFFER = 256 << 10
"""bytes that the kernel keeps for a client that does not read; by itself it would let that grow to megabytes"""


class Connection(H11Protocol):
    """``metrics`` is told whom it cuts off; beyond ``most`` connections a new one is closed at once."""

    metrics: Metrics
    most: int

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._waiting: asyncio.TimerHandle | None = None
        self._waiting_for: object = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        own = transport.get_extra_info("socket")
        uid = peer_uid(own)
        self.app_state = {**self.app_state, "peer_uid": uid, "unix": own.family == socket.AF_UNIX}
        super().connection_made(transport)
        if len(self.connections) > self.most:
            self._cut_off(Reason.CONNECTIONS)
            return
        if own.family != socket.AF_UNIX:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                own.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_SECONDS * 1000)
        self._wait_for((Reason.SLOW_HEADERS, None), HEADER_SECONDS)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE:
            self._wait_for(None, 0)  # uvicorn closes what stays idle
        else:
            self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_for(None, 0)
        self.resume_writing()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(READ_SECONDS, self._cut_off, Reason.SLOW_READER)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def send_400_response(self, msg: str) -> None:
        self.metrics.refused(Reason.MALFORMED)
        super().send_400_response(msg)

    def _look(self) -> None:
        """What is the client to send now?"""
        state = self.conn.their_state
        if state is h11.IDLE:
            self._wait_for((Reason.SLOW_HEADERS, self.cycle), HEADER_SECONDS)
        elif state is h11.SEND_BODY:
            self._wait_for((Reason.SLOW_BODY, self.cycle), BODY_SECONDS)
        else:
            self._wait_for(None, 0)

    def _wait_for(self, what: tuple[Reason, object] | None, seconds: float) -> None:
        if what == self._waiting_for:
            return  # the time that is left is not made longer by another byte
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        self._waiting_for = what
        if what is not None:
            self._waiting = self.loop.call_later(seconds, self._cut_off, what[0])

    def _cut_off(self, reason: Reason) -> None:
        self.metrics.refused(reason)
        self.transport.abort()


def protocol(metrics: Metrics, *, most: int) -> type[Connection]:
    """For uvicorn, which makes one for each connection and passes it nothing of ours."""
    return type("Connection", (Connection,), {"metrics": metrics, "most": most})


def peer_uid(connected: socket.socket) -> int | None:
    """Who is at the other end of a Unix socket, by the kernel's word (SO_PEERCRED, unix(7)); None where it cannot
    say."""
    if connected.family != socket.AF_UNIX or not hasattr(socket, "SO_PEERCRED"):
        return None
    credentials = struct.Struct("3i")
    _pid, uid, _gid = credentials.unpack(connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size))
    return int(uid)
