"""Who is it that comes over HTTP: by a token made at the shell, or by an access token of OAuth."""

import sys
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.auth.settings import AuthSettings
from pydantic import AnyHttpUrl

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.policy import LOCAL, Caller, Role

if TYPE_CHECKING:
    from starlette.middleware import Middleware
    from starlette.routing import Route
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from perfdoctor.server.oauth import Checker, OAuth
    from perfdoctor.server.service import Service
    from perfdoctor.server.settings import Settings
    from perfdoctor.server.tokens import Tokens

_ORDER = tuple(Role)
_SAID_EVERY = 60.0
NOTHING_SENT = "no token was sent"
_REFUSALS = {401: NOTHING_SENT, 403: "its Origin is not allowed", 421: "its Host is not answered"}
why_refused: ContextVar[str] = ContextVar("why_refused", default=NOTHING_SENT)
"""of the request that is being answered: for the audit, never for who asks"""


class Verifier(TokenVerifier):
    """Tokens of ours begin with ``pd_``, and are looked up; others are an issuer's, where one is configured."""

    def __init__(self, tokens: "Tokens", checker: "Checker | None" = None) -> None:
        self._tokens = tokens
        self._checker = checker
        self._said = -_SAID_EVERY

    async def verify_token(self, token: str) -> AccessToken | None:
        from perfdoctor.server.oauth import Refused
        from perfdoctor.server.tokens import PREFIX

        try:
            if token.startswith(PREFIX) or self._checker is None:
                caller, claims = self._tokens.check(token), None
                if caller is None:
                    raise Refused("the token is unknown, was revoked or has expired")
            else:
                caller, claims = await self._checker.check(token)
        except Refused as refused:
            why_refused.set(str(refused))
            return None
        except ProblemError as error:
            # A file that cannot be read or trusted lets nobody in. Whose server it is must learn it.
            why_refused.set(error.problem.what)
            if time.monotonic() - self._said >= _SAID_EVERY:
                self._said = time.monotonic()
                sys.stderr.write(f"perfdoctor: nobody is let in: {error}\n")
            return None
        return AccessToken(
            token=token,
            client_id=caller.name,
            subject=caller.name,
            # All that the role includes, the highest first: RequireAuthMiddleware compares by name.
            scopes=[role.value for role in reversed(_ORDER[: _ORDER.index(caller.role) + 1])],
            claims={"iss": claims["iss"]} if claims else None,
        )


def current() -> Caller:
    """Who asks: the holder of the token, or the local user where there is none (stdio, or HTTP with --no-token)."""
    token = get_access_token()
    return LOCAL if token is None else Caller(token.client_id, Role(token.scopes[0]))


def oauth_of(settings: "Settings") -> "OAuth | None":
    """What the operator says of OAuth. ProblemError when it cannot be understood."""
    if not settings.oauth:
        return None
    from pydantic import ValidationError

    from perfdoctor.server.oauth import OAuth

    try:
        return OAuth.model_validate(settings.oauth)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(("oauth", *(str(part) for part in first["loc"])))
        why = first["msg"].removeprefix("Value error, ")
        raise ProblemError(
            f"The setting {name} is not valid.", f"{why}.", f"Correct {name} in the configuration: see docs/access.md."
        ) from error


def verifier(tokens: "Tokens", oauth: "OAuth | None") -> Verifier:
    if oauth is None:
        return Verifier(tokens)
    from perfdoctor.server.jwks import PublishedKeys
    from perfdoctor.server.oauth import Checker

    return Verifier(tokens, Checker(oauth, PublishedKeys(oauth)))


def auth_settings(oauth: "OAuth | None") -> AuthSettings:
    if oauth is None:
        # No resource URL: there is no authorization server to be sent to, tokens are made at the shell.
        return AuthSettings(issuer_url=AnyHttpUrl("http://localhost"), resource_server_url=None, required_scopes=[])
    return AuthSettings(
        issuer_url=AnyHttpUrl(oauth.issuer),
        resource_server_url=AnyHttpUrl(oauth.resource),
        required_scopes=[],
        validate_token_resource=False,  # Checker does, and accepts other audiences where the operator says so
    )


def metadata_routes(oauth: "OAuth | None") -> "list[Route]":
    """/.well-known/oauth-protected-resource… (RFC 9728), before those of the SDK, which do not know which scopes a
    client should ask for."""
    if oauth is None:
        return []
    from mcp.server.auth.routes import create_protected_resource_routes

    return create_protected_resource_routes(
        resource_url=AnyHttpUrl(oauth.resource),
        authorization_servers=[AnyHttpUrl(oauth.issuer)],
        scopes_supported=list(oauth.roles) if oauth.role_claim in ("scope", "scp") else None,
        resource_name="perfdoctor",
    )


class Strangers:
    """ASGI middleware, outside of authentication: who is not let in (401, 403, 421) leaves a line in the audit."""

    def __init__(self, app: "ASGIApp", *, service: "Service") -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        token = why_refused.set(NOTHING_SENT)

        async def watched(message: "Message") -> None:
            if message["type"] == "http.response.start" and message["status"] in _REFUSALS:
                status, client = message["status"], scope.get("client")
                why = why_refused.get() if status == 401 else _REFUSALS[status]
                await self._service.audit.stranger("http", client[0] if client else "unix", scope["path"], why)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            why_refused.reset(token)


def middleware(service: "Service") -> "list[Middleware]":
    from starlette.middleware import Middleware

    return [Middleware(Strangers, service=service)]
