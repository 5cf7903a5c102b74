"""Who may connect over the network: tokens, of which only the SHA-256 is kept."""

import hashlib
import hmac
import json
import os
import secrets
import tempfile
import time
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from perfdoctor.schemas.model import Model
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.policy import Caller, Role
from perfdoctor.server.store.folder import private_folder

_PREFIX = "pd_"
_NAMES = "Use 1 to 64 letters, digits, `.`, `_` or `-`."


class Token(Model):
    name: str
    role: Role
    sha256: str
    created: float


_FILE = TypeAdapter(dict[str, Token])


class Tokens:
    """The tokens of one state folder, in ``tokens.json`` (mode 0600). Read again at every use, so that a token that is
    revoked while a server runs is refused at its next request."""

    def __init__(self, state: Path) -> None:
        self._path = state / "tokens.json"

    def create(self, name: str, role: Role) -> str:
        """The new token: 256 random bits, shown now and never again."""
        if not (0 < len(name) <= 64 and name.isascii() and all(c.isalnum() or c in "._-" for c in name)):
            raise ProblemError(f"{name[:80]!r} cannot be the name of a token.", "Names are shown in lists.", _NAMES)
        tokens = self._read()
        if name in tokens:
            raise ProblemError(
                f"There is a token named {name} already.",
                "A token cannot be shown again.",
                f"Choose another name, or `perfdoctor token revoke {name}` first.",
            )
        token = _PREFIX + secrets.token_urlsafe(32)
        tokens[name] = Token(name=name, role=role, sha256=_digest(token), created=time.time())
        self._write(tokens)
        return token

    def list(self) -> tuple[Token, ...]:
        return tuple(sorted(self._read().values(), key=lambda token: token.name))

    def revoke(self, name: str) -> None:
        tokens = self._read()
        if tokens.pop(name, None) is None:
            raise ProblemError(
                f"There is no token named {name[:80]!r}.",
                f"{len(tokens)} tokens are known.",
                "`perfdoctor token list` names them.",
            )
        self._write(tokens)

    def check(self, token: str) -> Caller | None:
        """Whose token this is, None when it is nobody's. Takes the same time whichever byte differs."""
        digest = _digest(token)
        found = None
        for known in self._read().values():
            if hmac.compare_digest(known.sha256, digest):
                found = Caller(known.name, known.role)
        return found

    def _read(self) -> dict[str, Token]:
        try:
            return _FILE.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as error:
            raise ProblemError(
                f"The tokens in {self._path} cannot be read.",
                f"{type(error).__name__}: {str(error)[:200]}",
                "Run as the user that owns the file, or move it away and create the tokens again.",
            ) from error

    def _write(self, tokens: dict[str, Token]) -> None:
        """Replaced in one step: a reader sees the old file or the new one. mkstemp creates it with mode 0600."""
        private_folder(self._path.parent)
        handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=".tokens-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({name: token.model_dump(mode="json") for name, token in tokens.items()}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(self._path)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
