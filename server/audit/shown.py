"""The arguments of a call as the audit keeps them: bounded, without secrets, and still to be told from others."""

import hashlib
import json
import math
from typing import Any

from perfdoctor.collectors.redact import HIDDEN, is_secret_name, redact
from perfdoctor.collectors.text import clean

_TEXT = 300
_ITEMS = 12
_DEPTH = 4
_MOST_BYTES = 4096
_LARGEST = 1 << 63


def shown(arguments: object) -> Any:
    """JSON values. A text beyond 300 characters is cut, with its length and the SHA-256 of the whole beside it, so that
    who has the text can tell that it was this one; all of them together take at most 4 KiB."""
    value = _value(arguments, _DEPTH)
    packed = json.dumps(value).encode()
    if len(packed) > _MOST_BYTES:
        return {"cut": redact(clean(packed[:_TEXT].decode("ascii"), _TEXT)), **_digest(packed)}
    return value


def _value(value: object, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < _LARGEST else "a number beyond 64 bits"
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        if len(value) <= _TEXT:
            return clean(redact(value), 2 * _TEXT)
        return {"text": clean(redact(value[: 4 * _TEXT]), _TEXT), **_digest(value.encode("utf-8", "replace"))}
    if depth == 0:
        return "…"
    if isinstance(value, dict):
        kept = {clean(str(name), 60): _named(str(name), one, depth) for name, one in list(value.items())[:_ITEMS]}
        return kept if len(value) <= _ITEMS else {**kept, "…": f"{len(value) - _ITEMS} more"}
    if isinstance(value, list | tuple):
        items = [_value(one, depth - 1) for one in value[:_ITEMS]]
        return items if len(value) <= _ITEMS else [*items, f"… {len(value) - _ITEMS} more"]
    return type(value).__name__


def _named(name: str, value: object, depth: int) -> Any:
    return HIDDEN if is_secret_name(name) and value is not None else _value(value, depth - 1)


def _digest(data: bytes) -> dict[str, Any]:
    return {"length": len(data), "sha256": hashlib.sha256(data).hexdigest()}
