"""The HTTP server: uvicorn, with time limits, our sockets, and an end that lets measurements go first."""

import asyncio
import contextlib
import logging
import resource
import signal
import socket
import ssl
import sys
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn
from sse_starlette.sse import AppStatus
from starlette.types import ASGIApp

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.service import Service
from perfdoctor.server.transports import logs
from perfdoctor.server.transports.connection import HEADER_SECONDS, protocol
from perfdoctor.server.transports.tls import Tls

if TYPE_CHECKING:
    from perfdoctor.server.transports.http import Shared

GRACE = 2
"""seconds that open connections have to end, after their calls have, when the server is told to"""
KEEP_ALIVE = 75
"""seconds that an idle connection stays: longer than clients keep theirs, or one would close as the other writes"""
_FILES_OF_OURS = 256
"""descriptors that are not connections: programs in the kernel, files of /proc, the store"""
SWITCH = 0.0005
"""seconds that a thread computes before it lets another: each that reads /proc or judges a window is one for which the
event loop waits, and Python's own 0.005 times 40 threads is a fifth of a second"""
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_log = logging.getLogger("perfdoctor.http")


class Web:
    """``listen`` as often as there are doors, then ``run``."""

    def __init__(self, service: Service, shared: "Shared") -> None:
        self._service = service
        self._shared = shared
        self._sockets: list[tuple[socket.socket, Tls | None, ssl.SSLContext | None]] = []
        self._ready = ""

    def listen(self, listener: socket.socket, tls: Tls | None = None) -> None:
        """ProblemError when there is no TLS with these files."""
        self._sockets.append((listener, tls, tls.context() if tls else None))

    def run(self, app: ASGIApp, ready: str) -> int:
        """Until a signal, whose number it returns; 0 when it ended by itself. Says ``ready`` on standard error when
        clients are served and signals are heard."""
        self._ready = ready
        most = self._service.settings.max_connections
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if files != resource.RLIM_INFINITY:
            most = max(1, min(most, files - _FILES_OF_OURS))
        config = uvicorn.Config(
            app,
            http=protocol(self._shared.metrics, most=most),
            ws="none",
            lifespan="on",
            log_level="warning",
            access_log=False,
            server_header=False,
            # Who a client is, tokens say: a header of theirs does not.
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=GRACE,
        )
        logs.bound()
        sys.setswitchinterval(SWITCH)
        server = _Server(config, self)
        server.run(sockets=[listener for listener, _, _ in self._sockets])
        return server.ended_by

    async def accept(self, server: "_Server") -> list[asyncio.Server]:
        loop = asyncio.get_running_loop()
        self._shared.metrics.connections(lambda: len(server.server_state.connections))

        def connected() -> asyncio.Protocol:
            make = server.config.http_protocol_class
            made: asyncio.Protocol = make(server.config, server.server_state, server.lifespan.state)  # type: ignore[call-arg]
            return made

        servers = [
            await loop.create_server(
                connected, sock=listener, ssl=context, ssl_handshake_timeout=HEADER_SECONDS if context else None
            )
            for listener, _, context in self._sockets
        ]
        print(self._ready, file=sys.stderr, flush=True)  # noqa: T201
        return servers

    def hang_up(self, server: "_Server") -> None:
        """SIGHUP: the certificate is read again; a server without one ends, as when its terminal is closed."""
        if not any(tls for _, tls, _ in self._sockets):
            server.handle_exit(signal.SIGHUP, None)
        for _, tls, context in self._sockets:
            if tls and context:
                try:
                    tls.reload(context)
                except ProblemError as error:
                    _log.error("the certificate was not read again: %s Why: %s", error.problem.what, error.problem.why)
                else:
                    _log.warning("the certificate %s was read again", tls.certificate)

    async def end(self) -> None:
        """Measurements end before the connections over which they are awaited."""
        self._shared.calls.ending = True
        await self._service.stop()
        AppStatus.should_exit = True


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, web: Web) -> None:
        super().__init__(config)
        self._web = web
        self.ended_by = 0
        # Streams of events would be cut at the signal itself, before the calls that they carry were answered.
        AppStatus.disable_automatic_graceful_drain()  # type: ignore[no-untyped-call]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            raise RuntimeError("the application did not start; the log above says why")
        self.servers = await self._web.accept(self)
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._web.end()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.ended_by = self.ended_by or sig
        super().handle_exit(sig, frame)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """(uvicorn would send itself the signal again at the end, before our sockets are put away.)"""
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._web.hang_up, self)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGHUP)
            for number, handler in before.items():
                signal.signal(number, handler)
