"""Serve many clients over HTTP: /mcp (Streamable HTTP, both eras of the protocol), /sse and /healthz."""

import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

import perfdoctor
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server import identity
from perfdoctor.server.app import build
from perfdoctor.server.service import Service
from perfdoctor.server.tokens import Tokens
from perfdoctor.server.transports.hosts import allowed_hosts, allowed_origins, is_loopback, url_host

MOST_SESSIONS = 500
IDLE_SESSION = 600.0
"""seconds after which a session that nobody uses is closed"""
GRACE = 2
"""seconds that open connections have to end, after their calls have, when the server is told to"""


class _Server(uvicorn.Server):
    """Stops the measurements before it closes the connections over which they are awaited."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._service.stop()
        await super().shutdown(sockets)


def application(service: Service, *, hosts: list[str], tokens: Tokens | None) -> Starlette:
    """The ASGI application. ``hosts`` are the values of the Host header that are answered; an Origin, where there is
    one, must be one of them too: a page of another site cannot reach a server on its visitor's machine. Without
    ``tokens`` everybody who reaches it is the local user."""
    oauth = identity.oauth_of(service.settings)
    if tokens is None:
        server, metadata = build(service), []
    else:
        server = build(service, verifier=identity.verifier(tokens, oauth), auth=identity.auth_settings(oauth))
        metadata = identity.metadata_routes(oauth)
    checks = TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=allowed_origins(hosts))
    # Neither json_response nor stateless_http: both lose progress or cancellation on one era of the protocol.
    http = server.streamable_http_app(
        transport_security=checks, session_idle_timeout=IDLE_SESSION, max_sessions=MOST_SESSIONS
    )
    sse = server.sse_app(transport_security=checks)

    async def healthz(_request: Request) -> JSONResponse:
        return JSONResponse({"ok": True, "name": "perfdoctor", "version": perfdoctor.__version__})

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with server.session_manager.run():
            yield

    routes: list[BaseRoute] = [*metadata, *http.routes, *sse.routes, Route("/healthz", healthz)]
    middleware = [*identity.middleware(service), *http.user_middleware]
    return Starlette(routes=routes, middleware=middleware, lifespan=lifespan)


def serve(service: Service, *, host: str, port: int, no_token: bool, allow: list[str]) -> None:
    """Until a signal. Prints where it listens on standard error once it does. ProblemError when it may not or
    cannot."""
    if no_token and not is_loopback(host):
        raise ProblemError(
            f"Not serving on {host} without tokens.",
            "Everybody who reaches this address could trace processes as the user that runs the server.",
            "Leave out --no-token (`perfdoctor token create` makes one), or use --host 127.0.0.1.",
        )
    tokens = None if no_token else Tokens(service.settings.state)
    if tokens is not None and not tokens.list() and identity.oauth_of(service.settings) is None:
        raise ProblemError(
            "There is no token yet, so nobody could connect.",
            f"No token is known in {service.settings.state}.",
            "Run `perfdoctor token create --name NAME --role trace` first (or set [oauth]), or use --no-token on "
            "loopback.",
        )
    listener = _listen(host, port)
    bound = listener.getsockname()[1]
    app = application(service, hosts=allowed_hosts(host, bound, allow), tokens=tokens)
    print(f"perfdoctor serves http://{url_host(host)}:{bound}/mcp (and /sse, /healthz)", file=sys.stderr, flush=True)  # noqa: T201
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE)
    _Server(config, service).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:  # getaddrinfo would take the remainder
        raise ProblemError(
            f"Cannot listen on {host}:{port}.", "A port is a number up to 65535.", "Choose another --port."
        )
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # Clients that come before uvicorn accepts wait here instead of being refused.
        listener.listen(128)
    except (OSError, OverflowError) as error:
        raise ProblemError(
            f"Cannot listen on {host}:{port}.", f"{error}.", "Choose another --port, or an address of this machine."
        ) from error
    return listener
