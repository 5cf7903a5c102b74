"""OAuth 2.1: whose access tokens are accepted, and what each must say (RFC 9068, RFC 8725).

This server issues nothing and asks nobody about a token: it checks the signature by the issuer's published keys.
"""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from perfdoctor.schemas.model import Model
from perfdoctor.server.policy import Caller, Role

if TYPE_CHECKING:
    from perfdoctor.server.jwks import Keys

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""asymmetric ones only: with a shared secret, whoever can check a token can make one"""
LONGEST = 16 << 10
"""characters of a token"""
IDENTITY = "oauth/"
"""before the name of everybody who comes with an access token: never the name of a token made at the shell"""
_NAME = re.compile(r"[\x21-\x7e]{1,128}")
_KID = re.compile(r"[\x20-\x7e]{1,256}")
_NO_ACCESS_TOKEN = frozenset({"id", "refresh", "logout", "offline"})
"""the claim ``typ`` by which some issuers (Keycloak) tell their other tokens apart"""


class OAuth(Model):
    """``issuer`` is the value of ``iss``, to the letter; ``resource`` this server's public URL, which must be in
    ``aud`` (or one of ``audiences``, for issuers that cannot be told). ``jwks`` is the URL of the issuer's keys, https
    except on loopback, or the absolute path of a file. ``role_claim`` may lead into objects (``realm_access.roles``);
    its words (a list, or a text of words) are looked up in ``roles``, and the highest role counts."""

    issuer: str = Field(max_length=500)
    resource: str = Field(max_length=500)
    audiences: tuple[str, ...] = ()
    jwks: str = Field(max_length=500)
    ca_file: str | None = None
    algorithms: tuple[Algorithm, ...] = Field(default=("RS256", "ES256"), min_length=1)
    types: tuple[str, ...] = Field(default=("at+jwt", "jwt"), min_length=1)
    identity_claim: str = "sub"
    role_claim: str = "scope"
    roles: dict[str, Role] = Field(default_factory=lambda: {f"perfdoctor:{role}": role for role in Role}, min_length=1)
    clock_skew: float = Field(default=60, ge=0, le=300)
    keys_last: float = Field(default=600, ge=60, le=86400)

    @field_validator("issuer", "resource")
    @classmethod
    def _a_url(cls, url: str) -> str:
        return _checked_url(url)

    @field_validator("jwks")
    @classmethod
    def _a_url_or_file(cls, where: str) -> str:
        return where if where.startswith("/") else _checked_url(where)

    @field_validator("types")
    @classmethod
    def _small(cls, types: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(kind.lower().removeprefix("application/") for kind in types)

    @model_validator(mode="after")
    def _no_fragment(self) -> "OAuth":
        if urlsplit(self.resource).fragment:
            raise ValueError("resource must be a URL without a fragment (RFC 8707)")
        return self


def _checked_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname and not parts.username:
        return url
    if parts.scheme == "http" and parts.hostname and not parts.username and _is_loopback(parts.hostname):
        return url
    raise ValueError(f"{url!r} must be an https:// URL (http:// on loopback only), without a user")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Refused(Exception):  # noqa: N818 - not an error of ours: the token is not good
    """Why a token is not accepted: for the audit, never for who sent it."""


class Checker:
    """Checks access tokens of one issuer by its ``keys``."""

    def __init__(self, wanted: OAuth, keys: "Keys") -> None:
        self._wanted = wanted
        self._keys = keys

    async def check(self, token: str) -> tuple[Caller, dict[str, Any]]:
        """Who comes, and the claims of the token. Raises Refused."""
        import jwt

        if len(token) > LONGEST:
            raise Refused("longer than 16 KiB")
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise Refused("not a signed JWT") from error
        algorithm, kid = self._what_it_says(header)
        key = await self._keys.find(kid, algorithm)
        if key is None:
            raise Refused("signed by no key that the issuer publishes")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key=key,
                algorithms=[algorithm],
                audience=[self._wanted.resource, *self._wanted.audiences],
                issuer=self._wanted.issuer,
                leeway=self._wanted.clock_skew,
                options={"require": ["exp", "iss", "aud", self._wanted.identity_claim]},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise Refused(_reason(error)) from error
        return self._who(claims), claims

    def _what_it_says(self, header: Mapping[str, Any]) -> tuple[str, str | None]:
        """The algorithm and the key's id, from the one part of a token that is read before its signature is checked:
        it chooses among what is configured and published, and nothing in it is followed (``jku``, ``jwk``, ``x5u``)."""
        algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ")
        if algorithm not in self._wanted.algorithms:
            raise Refused("its algorithm is not allowed")
        if "crit" in header:
            raise Refused("it demands extensions (crit)")
        if kid is not None and not (isinstance(kid, str) and _KID.fullmatch(kid)):
            raise Refused("its kid is no name")
        told = "" if kind is None else str(kind)[:64].lower().removeprefix("application/")
        if told not in self._wanted.types:
            raise Refused("its type (typ) is not that of an access token")
        return str(algorithm), kid

    def _who(self, claims: Mapping[str, Any]) -> Caller:
        kind = claims.get("typ")
        if isinstance(kind, str) and kind.lower() in _NO_ACCESS_TOKEN:
            raise Refused("it is no access token")
        name = claims.get(self._wanted.identity_claim)
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise Refused(f"its {self._wanted.identity_claim} is no name")
        granted = [self._wanted.roles[word] for word in _words(claims, self._wanted.role_claim) & {*self._wanted.roles}]
        if not granted:
            raise Refused("it gives no role")
        order = tuple(Role)
        return Caller(IDENTITY + name, max(granted, key=order.index))


def _words(claims: Mapping[str, Any], path: str) -> set[str]:
    # A name of a claim may hold dots itself ("https://example.com/roles"): it is tried as a whole first.
    value: Any = claims.get(path)
    if value is None:
        value = claims
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, str):
        return set(value.split())
    if isinstance(value, Sequence):
        return {word for word in value if isinstance(word, str)}
    return set()


def _reason(error: Exception) -> str:
    """Without anything that the token says."""
    names = {
        "ExpiredSignatureError": "it has expired",
        "ImmatureSignatureError": "it is not valid yet",
        "InvalidAudienceError": "it was issued for another server (aud)",
        "InvalidIssuerError": "another issuer made it (iss)",
        "InvalidSignatureError": "its signature is wrong",
        "MissingRequiredClaimError": "it lacks a claim that it must have",
    }
    return names.get(type(error).__name__, f"it is malformed ({type(error).__name__})")
