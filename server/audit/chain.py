"""The chain: each line holds the hash of the one before it, and a signature by the key of this server. No I/O."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BEGINNING = "0" * 64
"""the hash before the first line"""
LONGEST_LINE = 32 << 10
# {"n":7,"before":"…64…","at":"…", …,"hash":"…64…","signed":"…64…"}
_END = re.compile(rb',"hash":"([0-9a-f]{64})","signed":"([0-9a-f]{64})"\}')
_END_LENGTH = len(',"hash":"","signed":""}') + 128


@dataclass(frozen=True, slots=True)
class Link:
    """One line: its number from 1 on, the hash of the one before, its own hash, and what it says."""

    n: int
    before: str
    hash: str
    says: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """The last line that was written: what tells that the end was cut off."""

    n: int
    hash: str


START = Head(0, BEGINNING)


class Broken(ValueError):  # noqa: N818 - of the chain, not of ours
    """Why a line, or a head, is not what this server wrote."""


class NoLine(Broken):
    """It is not even the form of a line: half of one, or something else."""


def line_of(after: Head, says: Mapping[str, Any], key: bytes) -> tuple[bytes, Head]:
    """The next line, newline included, and the head after it."""
    body = json.dumps({"n": after.n + 1, "before": after.hash, **says}, separators=(",", ":")).encode()
    digest = hashlib.sha256(body).hexdigest()
    line = body[:-1] + f',"hash":"{digest}","signed":"{_sign(digest, key)}"}}\n'.encode()
    return line, Head(after.n + 1, digest)


def link_of(line: bytes, key: bytes | None) -> Link:
    """What a line says (without its newline), once its hash and, with ``key``, its signature are found to be right.
    Raises Broken."""
    end = _END.fullmatch(line[-_END_LENGTH:])
    if len(line) > LONGEST_LINE or end is None:
        raise NoLine("it is not a line of an audit")
    body = line[:-_END_LENGTH] + b"}"
    digest = hashlib.sha256(body).hexdigest()
    if not hmac.compare_digest(digest.encode(), end[1]):
        raise Broken("its text was changed: it does not have the hash that it names")
    if key is not None and not hmac.compare_digest(_sign(digest, key).encode(), end[2]):
        raise Broken("it was not written by a server that has the key: its signature is wrong")
    try:
        says = json.loads(body)
        n, before = says.pop("n"), says.pop("before")
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise Broken("it is not a line of an audit") from error
    if not isinstance(n, int) or not isinstance(before, str):
        raise Broken("it is not a line of an audit")
    return Link(n, before, digest, says)


def must_follow(link: Link, after: Head) -> None:
    """Raises Broken unless ``link`` is the line right after ``after``."""
    if link.n > after.n + 1:
        missing = f"line {after.n + 1} is" if link.n == after.n + 2 else f"lines {after.n + 1} to {link.n - 1} are"
        raise Broken(f"{missing} missing before it")
    if link.n != after.n + 1:
        raise Broken(f"it is line {link.n}, and stands where line {after.n + 1} belongs")
    if link.before != after.hash:
        raise Broken("another line stood before it when it was written")


def head_text(head: Head, key: bytes) -> bytes:
    signed = _sign(f"head {head.n} {head.hash}", key)
    return (json.dumps({"n": head.n, "hash": head.hash, "signed": signed}) + "\n").encode()


def head_of(text: bytes, key: bytes | None) -> Head:
    """Raises Broken."""
    try:
        told = json.loads(text)
        head = Head(int(told["n"]), str(told["hash"]))
        signed = str(told["signed"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Broken("the head is not readable") from error
    if key is not None and not hmac.compare_digest(_sign(f"head {head.n} {head.hash}", key), signed):
        raise Broken("the head was not written by a server that has the key")
    return head


def torn(data: bytes) -> dict[str, Any]:
    """How the next line tells of half a line that a server left when it was killed, or its disk was full."""
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _sign(text: str, key: bytes) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
