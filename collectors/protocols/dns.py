"""DNS messages: the question's name without its variable parts, and how it was answered. RFC 1035, section 4."""

import re
import struct
from typing import NamedTuple

NAME = "DNS"
PORT = 53
_KINDS = {1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 64: "SVCB",
          65: "HTTPS", 255: "ANY"}  # fmt: skip
_CODES = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
_LABEL = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_-]{0,22}[A-Za-z0-9])?")
_DIGITS = re.compile(r"\d+")
_HEX = re.compile(r"(?=[a-f]*\d)[0-9a-f]{6,}")
_MOST_LABELS = 10


class Message(NamedTuple):
    """``answered`` False is a query. ``code`` is empty for a good answer, and for a query."""

    identity: int
    answered: bool
    name: str
    kind: str
    code: str


def read(data: bytes, size: int) -> Message | None:
    if len(data) < 17:
        return None
    identity, flags, questions, *_ = struct.unpack_from("!6H", data)
    if questions != 1 or flags >> 11 & 15 > 5:
        return None
    labels, at = _labels(data, 12)
    if labels is None or at + 4 > len(data):
        return None
    kind, _ = struct.unpack_from("!HH", data, at)
    answered = bool(flags & 0x8000)
    code = flags & 15
    said = _CODES.get(code, f"code {code}") if answered and code else ""
    return Message(identity, answered, shape(labels), _KINDS.get(kind, f"type {kind}"), said)


def _labels(data: bytes, at: int) -> tuple[list[str] | None, int]:
    labels: list[str] = []
    for _ in range(128):
        if at >= len(data):
            return None, at
        length = data[at]
        at += 1
        if length == 0:
            return labels, at
        if length > 63 or at + length > len(data):
            return None, at
        labels.append(data[at : at + length].decode("latin-1"))
        at += length
    return None, at


def shape(labels: list[str]) -> str:
    """``db-7.shop.example``  ->  ``db-?.shop.example``; labels that are no words (hashes, addresses) become ``?``."""
    shown = [_label(label.lower()) for label in labels[-_MOST_LABELS:]]
    return ".".join(shown) or "."


def _label(label: str) -> str:
    if not _LABEL.fullmatch(label) or _HEX.search(label):
        return "?"
    return _DIGITS.sub("?", label)
