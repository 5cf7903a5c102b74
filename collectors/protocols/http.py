"""HTTP/1.x: the request line, ``GET /users/?/orders?page=?``. Headers and bodies are never looked at.

RFC 9112, section 3.
"""

import re

from perfdoctor.collectors.protocols.words import bounded, name

_METHODS = "GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|PROPFIND|REPORT|MKCOL|COPY|MOVE|PURGE"
# GET /users/7?x=y HTTP/1.1   (cut short where the line is longer than what was seen)
_REQUEST = re.compile(rf"({_METHODS}) ([^ \r\n]{{1,4096}})(?: HTTP/1\.[01]\r?\n)?".encode())
_WHOLE = re.compile(rb"\A[A-Z]+ [^ \r\n]+ HTTP/1\.[01]\r?\n")
_ABSOLUTE = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
_MOST_PARTS = 12
NAME = "HTTP/1"


def read(data: bytes, size: int) -> str | None:
    if data.startswith(b"PRI * HTTP/2.0\r\n"):
        return "(HTTP/2 connection)"
    found = _REQUEST.match(data)
    if not found:
        return None
    whole = _WHOLE.match(data) is not None
    target = found[2].decode("latin-1")
    if not whole and (found.end() < len(data) or not (target.startswith("/") or _ABSOLUTE.match(target))):
        return None  # a line that goes on, but not as HTTP does
    method = found[1].decode()
    if method == "CONNECT":
        return f"{method} ?"
    return bounded(f"{method} {_target(target, whole)}")


def _target(target: str, whole: bool) -> str:
    target = _ABSOLUTE.sub("", target, count=1)
    path, asked, query = target.partition("?")
    path = path.partition("#")[0]
    segments = path.split("/")
    shown = [name(segment) if segment else "" for segment in segments[:_MOST_PARTS]]
    if not whole and not asked:
        shown[-1] = "?"
    if len(segments) > _MOST_PARTS:
        shown.append("…")
    said = "/".join(shown) or "/"
    if asked:
        parts = query.partition("#")[0].split("&")
        names = [_parameter(part) for part in parts[:_MOST_PARTS]]
        if not whole:
            names[-1] = "?"
        said += "?" + "&".join(names) + ("&…" if len(parts) > _MOST_PARTS else "")
    return said if whole else f"{said} …"


def _parameter(part: str) -> str:
    key, assigned, _ = part.partition("=")
    return f"{name(key)}=?" if assigned else "?"
