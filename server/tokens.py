"""Who may connect over the network: tokens, of which only the SHA-256 is kept."""

import fcntl
import hashlib
import hmac
import json
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from perfdoctor.schemas.model import Model
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.policy import RESERVED, Caller, Role
from perfdoctor.server.private import must_be_trusted
from perfdoctor.server.store.folder import private_folder

PREFIX = "pd_"
GRACE = 24 * 3600.0
"""seconds for which the old secret of a token that was rotated is still good: a day to tell all clients"""
_LONGEST = 200
"""characters of a token that are looked at: ours have 46"""
_MOST_OLD = 4
_NAMES = "Use 1 to 64 letters, digits, `.`, `_` or `-`, and not `local`."


class Old(Model):
    """A secret that was replaced, good until ``until`` (Unix time)."""

    sha256: str
    until: float


class Token(Model):
    """``created``, ``expires`` and ``rotated`` are Unix time; one without ``expires`` is good until it is revoked."""

    name: str
    role: Role
    sha256: str
    created: float
    expires: float | None = None
    rotated: float | None = None
    old: tuple[Old, ...] = ()

    def state(self, now: float) -> str:
        if self.expires is not None and now >= self.expires:
            return "expired"
        if any(now < one.until for one in self.old):
            return "rotating"
        return "valid"


_FILE = TypeAdapter(dict[str, Token])


class Tokens:
    """The tokens of one state folder, in ``tokens.json`` (mode 0600). The file is looked at at every use, so that a
    token that is revoked while a server runs is refused at its next request."""

    def __init__(self, state: Path, now: Callable[[], float] = time.time) -> None:
        self._path = state / "tokens.json"
        self._now = now
        self._read_as: tuple[int, ...] | None = None
        self._known: dict[str, Token] = {}

    def create(self, name: str, role: Role, lasts: float | None = None) -> str:
        """The new token: 256 random bits, shown now and never again. ``lasts`` is in seconds; None: until revoked."""
        plain = 0 < len(name) <= 64 and name.isascii() and all(c.isalnum() or c in "._-" for c in name)
        if not plain or name in RESERVED:
            raise ProblemError(f"{name[:80]!r} cannot be the name of a token.", "Names are shown in lists.", _NAMES)
        with self._changing() as tokens:
            if name in tokens:
                raise ProblemError(
                    f"There is a token named {name} already.",
                    "A token cannot be shown again.",
                    f"Choose another name, or `perfdoctor token rotate {name}` for a new secret.",
                )
            secret, now = PREFIX + secrets.token_urlsafe(32), self._now()
            expires = None if lasts is None else now + lasts
            tokens[name] = Token(name=name, role=role, sha256=_digest(secret), created=now, expires=expires)
        return secret

    def list(self) -> tuple[Token, ...]:
        return tuple(sorted(self._read().values(), key=lambda token: token.name))

    def revoke(self, name: str) -> None:
        with self._changing() as tokens:
            self._must_know(tokens, name)
            del tokens[name]

    def rotate(self, name: str, grace: float = GRACE, lasts: float | None = None) -> str:
        """A new secret for a token; its old one stays good for ``grace`` seconds, but never longer than the token was
        to last. ``lasts`` (seconds) gives it a new end; None: the end that it has, which must not have come."""
        with self._changing() as tokens:
            self._must_know(tokens, name)
            token, now = tokens[name], self._now()
            expires = token.expires if lasts is None else now + lasts
            if expires is not None and expires <= now:
                raise ProblemError(
                    f"The token {name} has expired.",
                    "A new secret would have expired with it.",
                    f"`perfdoctor token rotate {name} --expires 30d` gives it a new end.",
                )
            until = min(now + grace, token.expires if token.expires is not None else now + grace)
            still = [one for one in token.old if one.until > now]
            old = [*still, Old(sha256=token.sha256, until=until)] if until > now else still
            secret = PREFIX + secrets.token_urlsafe(32)
            changed = {"sha256": _digest(secret), "rotated": now, "expires": expires, "old": tuple(old[-_MOST_OLD:])}
            tokens[name] = token.model_copy(update=changed)
        return secret

    def check(self, secret: str) -> Caller | None:
        """Whose token this is, None when it is nobody's or has expired. Takes the same time whichever byte differs."""
        digest, now = _digest(secret[:_LONGEST]), self._now()
        found = None
        for known in self._read().values():
            good = hmac.compare_digest(known.sha256, digest)
            for one in known.old:
                good |= hmac.compare_digest(one.sha256, digest) and now < one.until
            if good and known.state(now) != "expired" and known.name not in RESERVED:
                found = Caller(known.name, known.role)
        return found

    def _must_know(self, tokens: dict[str, Token], name: str) -> None:
        if name not in tokens:
            raise ProblemError(
                f"There is no token named {name[:80]!r}.",
                f"{len(tokens)} tokens are known.",
                "`perfdoctor token list` names them.",
            )

    def _read(self) -> dict[str, Token]:
        """Read again when the file is another one, or was written, since. ProblemError when it cannot be trusted."""
        try:
            with self._path.open("rb") as file:
                about = os.fstat(file.fileno())
                # Its mode is looked at each time; st_ctime_ns tells of every change, also of the mode.
                seen = (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
                must_be_trusted(self._path, about, secret=True)
                if seen != self._read_as:
                    self._known, self._read_as = _FILE.validate_json(file.read()), seen
        except FileNotFoundError:
            self._known, self._read_as = {}, None
        except (OSError, ValidationError) as error:
            raise ProblemError(
                f"The tokens in {self._path} cannot be read.",
                f"{type(error).__name__}: {str(error)[:200]}",
                "Run as the user that owns the file, or move it away and create the tokens again.",
            ) from error
        return dict(self._known)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Token]]:
        """The tokens, to be changed inside and written after; one process at a time."""
        private_folder(self._path.parent)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            tokens = self._read()
            yield tokens
            self._write(tokens)
            os.fsync(folder)
        finally:
            os.close(folder)

    def _write(self, tokens: dict[str, Token]) -> None:
        """Replaced in one step: a reader sees the old file or the new one. mkstemp creates it with mode 0600."""
        handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=".tokens-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({name: token.model_dump(mode="json") for name, token in tokens.items()}, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self._path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
