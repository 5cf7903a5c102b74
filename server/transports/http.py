"""Serve many clients over HTTP, on a TCP port, a Unix socket or both: /mcp (Streamable HTTP, both eras of the
protocol), /sse, /healthz, /readyz and /metrics."""

import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from mcp.server.auth.middleware.bearer_auth import RequireAuthMiddleware
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route, request_response

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server import identity
from perfdoctor.server.app import PerfdoctorServer, build
from perfdoctor.server.service import Service
from perfdoctor.server.tokens import Tokens
from perfdoctor.server.transports import health, listen
from perfdoctor.server.transports.calls import Calls
from perfdoctor.server.transports.doors import Doors
from perfdoctor.server.transports.hosts import allowed_hosts, allowed_origins, is_loopback, url_host
from perfdoctor.server.transports.limits import MOST_BODY, Allowed, Limits, of_owner
from perfdoctor.server.transports.metrics import Metrics
from perfdoctor.server.transports.tls import Tls
from perfdoctor.server.transports.web import Web

MOST_SESSIONS = 500
SESSIONS_EACH = 50
"""open at once of one identity: nobody takes them all"""
IDLE_SESSION = 600.0
"""seconds after which a session that nobody uses is closed"""
_REQUESTS_OF_A_CALL = 4
"""at once, at most: itself, a stream of the session, its cancellation, and something else"""
_OVER_UNIX = ["localhost"]
"""what clients that connect to a path say as Host"""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all applications of a process have in common: they count together, and end together."""

    metrics: Metrics
    calls: Calls

    @classmethod
    def of(cls, service: Service) -> "Shared":
        metrics = Metrics(measurements=lambda: service.gate.running)
        service.meters = metrics
        settings = service.settings
        return cls(metrics, Calls(metrics, each=settings.max_calls_each, most=settings.max_connections))


def application(
    service: Service,
    *,
    hosts: list[str],
    tokens: Tokens | None,
    shared: Shared | None = None,
    open_metrics: bool = False,
    make: Callable[..., PerfdoctorServer] = build,
) -> Starlette:
    """The ASGI application. ``hosts`` are the values of the Host header that are answered; an Origin, where there is
    one, must be one of them too: a page of another site cannot reach a server on its visitor's machine. Without
    ``tokens`` everybody who reaches it is the local user. With ``open_metrics`` /metrics needs no token either.
    ``make`` builds the server."""
    shared = shared or Shared.of(service)
    oauth = identity.oauth_of(service.settings)
    server = make(
        service,
        verifier=identity.verifier(tokens, oauth) if tokens is not None else None,
        auth=identity.auth_settings(oauth) if tokens is not None else None,
        middleware=[shared.calls],
    )
    checks = TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=allowed_origins(hosts))
    # Neither json_response nor stateless_http: both lose progress or cancellation on one era of the protocol.
    http = server.streamable_http_app(
        transport_security=checks,
        session_idle_timeout=IDLE_SESSION,
        max_sessions=MOST_SESSIONS,
        max_request_body_size=MOST_BODY,
    )
    sse = server.sse_app(transport_security=checks, max_request_body_size=MOST_BODY)
    manager = server.session_manager
    shared.metrics.sessions("http", lambda: len(manager._server_instances))

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with manager.run():
            yield

    metrics: Any = health.MetricsPage(shared.metrics, checks).answer
    if tokens is not None and not open_metrics:
        metrics = RequireAuthMiddleware(request_response(metrics), [])
    routes: list[BaseRoute] = [
        *(identity.metadata_routes(oauth) if tokens is not None else []),
        *http.routes,
        *sse.routes,
        Route("/healthz", health.healthz),
        Route("/readyz", health.Readiness(service, shared.calls).answer),
        Route("/metrics", metrics, methods=["GET"]),
    ]
    limits = Middleware(Limits, metrics=shared.metrics, allowed=_allowed(service), sessions=_sessions_of(manager))
    middleware = [*identity.middleware(service), *http.user_middleware, limits]
    return Starlette(routes=routes, middleware=middleware, lifespan=lifespan)


def _allowed(service: Service) -> Allowed:
    settings = service.settings
    return Allowed(
        rate=settings.max_requests_per_second,
        each=settings.max_calls_each * _REQUESTS_OF_A_CALL,
        most=settings.max_connections,
        sessions=SESSIONS_EACH,
    )


def _sessions_of(manager: StreamableHTTPSessionManager) -> Callable[[str], int]:
    """(The SDK limits how many there are, but not how many of one identity.)"""
    return lambda identity: sum(of_owner(**owner) == identity for owner in manager._session_owners.values())


@dataclass(frozen=True, slots=True)
class Tcp:
    host: str
    port: int
    no_token: bool = False
    allow: tuple[str, ...] = ()
    """further values of the Host header that are answered"""
    tls: Tls | None = None
    open_metrics: bool = False


def serve(
    service: Service,
    tcp: Tcp | None,
    unix: listen.UnixSocket | None = None,
    make: Callable[..., PerfdoctorServer] = build,
) -> int:
    """Until a signal: the exit code. Prints where it listens on standard error once it does. ProblemError when it may
    not or cannot."""
    tokens = Tokens(service.settings.state)
    if tcp is not None:
        _must_be_safe(service, tcp, tokens)
    shared = Shared.of(service)
    doors, web = Doors(shared.metrics), Web(service, shared)
    with contextlib.ExitStack() as listening:
        said = []
        if tcp is not None:
            listener = listening.enter_context(listen.tcp(tcp.host, tcp.port))
            bound = listener.getsockname()[1]
            doors.tcp = application(
                service,
                hosts=allowed_hosts(tcp.host, bound, list(tcp.allow)),
                tokens=None if tcp.no_token else tokens,
                shared=shared,
                open_metrics=tcp.open_metrics or is_loopback(tcp.host),
                make=make,
            )
            web.listen(listener, tcp.tls)
            said.append(f"{'https' if tcp.tls else 'http'}://{url_host(tcp.host)}:{bound}/mcp")
        if unix is not None:
            web.listen(listening.enter_context(listen.unix(unix)))
            hosts = [*_OVER_UNIX, *unix.allow]
            doors.unix_owner = application(service, hosts=hosts, tokens=None, shared=shared, make=make)
            doors.unix_other = application(service, hosts=hosts, tokens=tokens, shared=shared, make=make)
            said.append(f"unix:{unix.path}")
        ended_by = web.run(doors, f"perfdoctor serves {' and '.join(said)} (and /sse, /healthz, /readyz, /metrics)")
    if ended_by == signal.SIGTERM:
        signal.raise_signal(ended_by)  # all is put away: who started us shall see that it was their signal
    return 128 + ended_by if ended_by else os.EX_OK


def _must_be_safe(service: Service, tcp: Tcp, tokens: Tokens) -> None:
    if tcp.no_token and not is_loopback(tcp.host):
        raise ProblemError(
            f"Not serving on {tcp.host} without tokens.",
            "Everybody who reaches this address could trace processes as the user that runs the server.",
            "Leave out --no-token (`perfdoctor token create` makes one), or use --host 127.0.0.1.",
        )
    if not tcp.no_token and not tokens.list() and identity.oauth_of(service.settings) is None:
        raise ProblemError(
            "There is no token yet, so nobody could connect.",
            "Every request needs one.",
            "Run `perfdoctor token create --name NAME --role trace` first (or set [oauth]), or use --no-token on "
            "loopback.",
        )
    if tcp.tls is None and not is_loopback(tcp.host):
        print(  # noqa: T201
            "perfdoctor: tokens cross the network in the clear: use --tls-cert and --tls-key, or a proxy that does TLS",
            file=sys.stderr,
        )
