"""The keys that an issuer publishes (JWKS, RFC 7517): fetched, kept for a while, fetched again when one is unknown."""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import anyio
from anyio import to_thread

from perfdoctor.collectors.text import clean
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.oauth import OAuth
from perfdoctor.server.private import must_be_trusted

MOST_BYTES = 256 << 10
MOST_KEYS = 64
_RSA_BITS = 2048  # RFC 7518, 3.3
_TIMEOUT = 5.0
"""seconds for a whole fetch: somebody waits for an answer"""
PAUSE = 30.0
"""seconds between two fetches, however many tokens name a key that nobody knows"""
STALE = 3600.0
"""seconds beyond their time that keys are still used while the issuer cannot be reached; then nobody gets in"""
_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


class Keys(Protocol):
    async def find(self, kid: str | None, algorithm: str) -> Any:
        """A public key that signatures of this algorithm can be checked by; None when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class PublicKey:
    """``alone_for``: the one algorithm that its issuer wants it used for, or nothing."""

    kid: str | None
    alone_for: str
    kind: str
    curve: str
    key: Any

    def suits(self, algorithm: str) -> bool:
        if self.kind != _TYPES[algorithm[:2]] or self.alone_for not in ("", algorithm):
            return False
        return algorithm not in _CURVES or self.curve == _CURVES[algorithm]


class PublishedKeys:
    """One issuer's. Tokens that come while keys are being fetched wait for that one fetch."""

    def __init__(self, wanted: OAuth, now: Callable[[], float] = time.monotonic) -> None:
        self._wanted = wanted
        self._now = now
        self._keys: tuple[PublicKey, ...] = ()
        self._good_until = -1.0
        self._tried: float | None = None
        self._fetching = anyio.Lock()
        self._file_was: tuple[int, ...] = ()
        self.fetches = 0

    async def find(self, kid: str | None, algorithm: str) -> Any:
        """The key that ``kid`` names, fit for ``algorithm``; without a ``kid`` the only one that is fit."""
        if self._now() >= self._good_until:
            await self._refresh()
        found = self._look(kid, algorithm)
        if found is None and kid is not None:
            await self._refresh()
            found = self._look(kid, algorithm)
        return found

    def _look(self, kid: str | None, algorithm: str) -> Any:
        if self._now() >= self._good_until + STALE:
            return None
        fit = [one for one in self._keys if kid in (None, one.kid) and one.suits(algorithm)]
        return fit[0].key if len(fit) == 1 else None

    async def _refresh(self) -> None:
        async with self._fetching:
            now = self._now()
            if self._tried is not None and now < self._tried + PAUSE:
                return
            self._tried = now
            self.fetches += 1
            try:
                if self._wanted.jwks.startswith("/"):
                    data = await to_thread.run_sync(_read, Path(self._wanted.jwks))
                else:
                    data = await _fetch(self._wanted.jwks, self._wanted.ca_file)
                self._keys = _parsed(data)
            except Exception as error:
                # Whatever the network or the issuer does, known keys stay good for their time, and it is said why.
                why = error.problem.why if isinstance(error, ProblemError) else f"{type(error).__name__}: {error}"
                print(f"perfdoctor: no keys from {self._wanted.jwks}: {clean(why, 300)}", file=sys.stderr, flush=True)  # noqa: T201
                return
            self._good_until = self._now() + self._wanted.keys_last


def _parsed(data: bytes) -> tuple[PublicKey, ...]:
    """What is not for signatures, symmetric, private, too weak or not understood is left out. ValueError when it is no
    JWKS, and when nothing is left."""
    told = json.loads(data)
    listed = told.get("keys") if isinstance(told, dict) else None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise ValueError(f"it is no JWKS with at most {MOST_KEYS} keys")
    found = tuple(key for one in listed if isinstance(one, dict) and (key := _public_key(one)) is not None)
    if not found:
        raise ValueError("it holds no key that signatures can be checked by")
    return found


def _public_key(one: dict[str, Any]) -> PublicKey | None:
    import jwt

    kind, named, kid, curve = one.get("kty"), one.get("alg", ""), one.get("kid"), one.get("crv", "")
    if kind not in _TYPES.values() or "d" in one or one.get("use", "sig") != "sig":
        return None
    if not (isinstance(named, str) and isinstance(curve, str) and (kid is None or isinstance(kid, str))):
        return None
    operations = one.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    try:
        key = jwt.PyJWK(one).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, NotImplementedError):
        return None
    if kind == "RSA" and key.key_size < _RSA_BITS:
        return None
    return PublicKey(kid, named, str(kind), curve, key)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        must_be_trusted(path, os.fstat(file.fileno()))
        return _bounded(file.read(MOST_BYTES + 1))


def _bounded(data: bytes) -> bytes:
    if len(data) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES} bytes")
    return data


async def _fetch(url: str, ca_file: str | None) -> bytes:
    import ssl

    import httpx2

    checks = ssl.create_default_context(cafile=ca_file) if url.startswith("https:") else False
    # No redirects: they could lead anywhere, and an issuer's keys are where it says.
    with anyio.fail_after(_TIMEOUT):
        async with (
            httpx2.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, verify=checks, trust_env=False) as client,
            client.stream("GET", url, headers={"Accept": "application/json"}) as response,
        ):
            if response.status_code != 200:
                raise ValueError(f"status {response.status_code}")
            data = b""
            async for chunk in response.aiter_bytes():
                data = _bounded(data + chunk)
            return data
