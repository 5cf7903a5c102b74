"""PostgreSQL's frontend messages, version 3: the statement of Query and Parse; of the others their name.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

import re
import struct

from perfdoctor.collectors.protocols import sql
from perfdoctor.collectors.protocols.words import bounded

NAME = "PostgreSQL"
PORT = 5432
_STARTUP = {
    196608: "(start of a session)",
    80877103: "(asks for TLS)",
    80877102: "(cancel)",
    80877104: "(asks for GSS)",
}
_NAMES = {
    "B": "(bind)", "C": "(close)", "D": "(describe)", "E": "(execute)", "S": "(sync)", "H": "(flush)",
    "F": "(function call)", "X": "(end of the session)", "p": "(authentication)", "d": "(copy data)",
    "c": "(copy done)", "f": "(copy failed)",
}  # fmt: skip
_FIRST = frozenset("QPBCDESHFXpdcf")
_MOST_MESSAGES = 16
_MOST_CONNECTIONS, _MOST_PREPARED = 4096, 256
"""of which names are kept, and names of each; the oldest are forgotten"""
_ENDS = ("DEALLOCATE ALL", "DISCARD ALL")
"""after which no name says anything"""
_DIGITS = re.compile(r"\d+")
_NAME = re.compile(r"[A-Za-z_][\w.-]{0,62}")


def read(data: bytes, size: int) -> str | None:
    if len(data) >= 8:
        length, code = struct.unpack_from("!II", data)
        if code in _STARTUP and length == size and 8 <= length <= 10_000:
            return _STARTUP[code]
    return _messages(data, size)


def _messages(data: bytes, size: int) -> str | None:
    """One send holds whole messages, one behind the other: that is what tells them from other protocols."""
    at, shown, last = 0, None, None
    for _ in range(_MOST_MESSAGES):
        if at + 5 > len(data):
            break
        kind = chr(data[at])
        (length,) = struct.unpack_from("!I", data, at + 1)
        end = at + 1 + length
        if kind not in _FIRST or length < 4 or end > size:
            return None
        body = data[at + 5 : end]
        said = _statement(kind, body, whole=end <= len(data))
        if said is None:
            return None
        if said and (shown is None or kind in "QP"):
            shown = said
        last, at = kind, end
    if last is None or (at != size and at < len(data)):
        return None
    return shown or _NAMES.get(last, "")


def _statement(kind: str, body: bytes, *, whole: bool) -> str | None:
    """None: not as this message is made. Empty: nothing worth showing."""
    if kind == "Q":
        text = body
    elif kind == "P":
        _, zero, text = body.partition(b"\0")
        if not zero:
            return None if whole else "(prepare) …"
    elif kind == "B":
        _, zero, rest = body.partition(b"\0")
        statement, named, _ = rest.partition(b"\0")
        return _named(statement.decode("latin-1")) if zero and named and statement else "(bind)"
    else:
        if kind in "SHXc" and body:
            return None
        return "" if kind in "SHDE" else _NAMES.get(kind)
    statement, zero, _ = text.partition(b"\0")
    if whole and not zero:
        return None
    decoded = statement.decode("utf-8", "replace")
    if not decoded.strip():
        return "(empty)"
    return sql.shape(decoded, sql.Dialect.POSTGRES, whole=bool(zero))


def _named(statement: str) -> str:
    """A prepared statement that is run again: drivers number them."""
    shown = _DIGITS.sub("?", statement) if _NAME.fullmatch(statement) and len(statement) <= 32 else "?"
    return bounded(f"EXECUTE {shown}")


class Prepared:
    """Which statement stands behind the name that one was prepared under, on each connection: who runs it again says
    only the name."""

    def __init__(self) -> None:
        self._said: dict[int, dict[bytes, str]] = {}

    def shape(self, connection: int, data: bytes, shape: str) -> str:
        """The shape of a request, told by its statement where that is known. Of a name given before anybody listened
        it is not."""
        if shape.startswith(_ENDS) or shape == _STARTUP[196608]:
            self._said.pop(connection, None)
        elif data.startswith(b"P") and not shape.startswith("("):
            self._keep(connection, data[5:].partition(b"\0")[0], shape)
        elif data.startswith(b"B"):
            name = data[5:].partition(b"\0")[2].partition(b"\0")[0]
            return self._said.get(connection, {}).get(name, shape)
        return shape

    def _keep(self, connection: int, name: bytes, shape: str) -> None:
        if not name:
            return
        if connection not in self._said and len(self._said) >= _MOST_CONNECTIONS:
            self._said.pop(next(iter(self._said)))
        names = self._said.setdefault(connection, {})
        if name not in names and len(names) >= _MOST_PREPARED:
            names.pop(next(iter(names)))
        names[name] = shape
