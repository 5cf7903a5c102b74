"""What one client may ask for: how fast, how much at once, how large. Everything beyond is refused before it costs."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken, principal_components
from mcp.shared.inbound import MCP_PROTOCOL_VERSION_HEADER
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from perfdoctor.server.transports.metrics import Metrics, Reason

MOST_BODY = 1 << 20
"""bytes of a request: the largest that a tool takes is a diff of 400,000 characters"""
MOST_HEADERS = 100
MOST_HEADER_BYTES = 16 << 10
_REMEMBERED = 10_000
"""identities whose rate is known; the one that was quiet longest is forgotten first"""
_BURST = 4.0
"""seconds' worth of requests that may come at once: a client that connects asks for several things in a row"""
_STATUS = {
    400: Reason.MALFORMED,
    401: Reason.TOKEN,
    403: Reason.ORIGIN,
    413: Reason.TOO_LARGE,
    415: Reason.MALFORMED,
    421: Reason.HOST,
}
"""what the SDK refuses, told by its answer"""

Sessions = Callable[[str], int]
"""how many sessions of the older protocol an identity has open"""


@dataclass(frozen=True, slots=True)
class Allowed:
    """``rate`` in requests per second, ``each`` and ``most`` requests at once of one identity and over all,
    ``sessions`` of one identity."""

    rate: float
    each: int
    most: int
    sessions: int


class Limits:
    """ASGI middleware, inside of authentication: identities are those of tokens; who has none, and every local user
    where no token is needed, is told by the address."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, allowed: Allowed, sessions: Sessions) -> None:
        self._app = app
        self._metrics = metrics
        self._allowed = allowed
        self._sessions = sessions
        self._rates: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._running: Counter[str] = Counter()
        self._streams = 0
        metrics.sessions("sse", lambda: self._streams)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identity = _identity(scope)
        refusal = self._refusal(scope, identity)
        if refusal is not None:
            await refusal(scope, receive, send)
            return

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and (reason := _reason(scope, message)):
                self._metrics.refused(reason)
            await send(message)

        stream = scope["path"] == "/sse"
        self._running[identity] += 1
        self._streams += stream
        try:
            await self._app(scope, receive, watched)
        finally:
            self._streams -= stream
            self._running[identity] -= 1
            if not self._running[identity]:
                del self._running[identity]

    def _refusal(self, scope: Scope, identity: str) -> PlainTextResponse | None:
        allowed = self._allowed
        names = scope["headers"]
        if len(names) > MOST_HEADERS or sum(len(name) + len(value) + 4 for name, value in names) > MOST_HEADER_BYTES:
            return self._refuse(
                Reason.HEADERS,
                431,
                f"The headers are larger than {MOST_HEADER_BYTES} bytes, or more than {MOST_HEADERS}.",
            )
        headers = Headers(scope=scope)
        if "transfer-encoding" in headers and "content-length" in headers:
            # (RFC 9112, 6.3: two lengths are what smuggling a request past a proxy is made of)
            return self._refuse(
                Reason.MALFORMED, 400, "A request has a Content-Length or a Transfer-Encoding, not both."
            )
        wait = self._wait(identity)
        if wait > 0:
            return self._refuse(
                Reason.RATE, 429, f"More than {allowed.rate:g} requests a second of one identity.", wait=wait
            )
        if self._running[identity] >= allowed.each:
            return self._refuse(
                Reason.CONCURRENT, 429, f"{allowed.each} requests of one identity are being answered.", wait=1
            )
        if self._running.total() >= allowed.most:
            return self._refuse(Reason.CONCURRENT, 503, f"{allowed.most} requests are being answered.", wait=1)
        if _opens_session(scope, headers) and self._sessions(identity) >= allowed.sessions:
            return self._refuse(Reason.SESSIONS, 429, f"{allowed.sessions} sessions of one identity are open.", wait=30)
        return None

    def _wait(self, identity: str) -> float:
        """0, and one request less to go; or the seconds until one may come (a token bucket)."""
        rate, now = self._allowed.rate, time.monotonic()
        left, at = self._rates.pop(identity, (rate * _BURST, now))
        left = min(rate * _BURST, left + (now - at) * rate)
        wait = 0.0 if left >= 1 else (1 - left) / rate
        self._rates[identity] = (left if wait else left - 1, now)
        if len(self._rates) > _REMEMBERED:
            self._rates.popitem(last=False)
        return wait

    def _refuse(self, reason: Reason, status: int, why: str, *, wait: float | None = None) -> PlainTextResponse:
        self._metrics.refused(reason)
        headers = {"Connection": "close"} if wait is None else {"Retry-After": str(max(1, round(wait + 0.5)))}
        then = "Correct the request." if wait is None else f"Send it again after {headers['Retry-After']} seconds."
        said = f"The request was refused: {reason}.\nWhy: {why}\nNext: {then}\n"
        return PlainTextResponse(said, status_code=status, headers=headers)


def _reason(scope: Scope, message: Message) -> Reason | None:
    """Why what is inside refused a request, by its answer."""
    if any(name.lower() == b"www-authenticate" for name, _ in message["headers"]):
        return Reason.TOKEN
    if message["status"] == 503 and scope["path"] == "/mcp":
        return Reason.SESSIONS
    return _STATUS.get(message["status"])


def _identity(scope: Scope) -> str:
    user = scope.get("user")
    if isinstance(user, AuthenticatedUser):
        return of_token(user.access_token)
    client = scope.get("client")
    return f"from {client[0]}" if client else f"uid {scope['state'].get('peer_uid')}"


def of_token(token: AccessToken) -> str:
    """Whose it is; nobody who has none is called like this."""
    return of_owner(*principal_components(token))


def of_owner(client_id: str | None, issuer: str | None, subject: str | None) -> str:
    """The same, of what the SDK keeps of the token that began a session. (One OAuth client has many users.)"""
    return f"as {issuer or ''} {client_id or ''} {subject or ''}"


def _opens_session(scope: Scope, headers: Headers) -> bool:
    version = headers.get(MCP_PROTOCOL_VERSION_HEADER)
    return (
        scope["method"] == "POST"
        and scope["path"] == "/mcp"
        and "mcp-session-id" not in headers
        and (version is None or version in HANDSHAKE_PROTOCOL_VERSIONS)
    )
