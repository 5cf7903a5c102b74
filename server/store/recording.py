"""One recording, as lists show it; who sees which, and how many are kept."""

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import Field

from perfdoctor.schemas.model import Model
from perfdoctor.schemas.recording import NextCall, Window
from perfdoctor.schemas.target import Target

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""without 0, o, 1, i and l, that people mistake for each other"""
_ID_LENGTH = 8


def new_id() -> str:
    """A recording's id, such as ``r-7f3k2amq``: 39 random bits, short enough to read out."""
    return "r-" + "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))


class Kind(StrEnum):
    """Which question made it; from MEMORY_MAP on, also the part of the evidence that answers it."""

    WATCH = "watch"
    CPU = "cpu"
    SYSCALLS = "syscalls"
    DIAGNOSIS = "diagnosis"
    WORKLOAD = "workload"
    MEMORY_MAP = "memory_map"
    THREAD_STACKS = "thread_stacks"
    FILE_USE = "file_use"
    DISK = "disk"
    NETWORK = "network"
    ALLOCATIONS = "allocations"
    LOCKS = "locks"
    FUNCTIONS = "functions"
    CUSTOM = "custom"


class Recording(Model):
    """``created`` is Unix time; ``caller`` asked for it and owns it: others see it only when it is ``shared``.
    ``state`` is ``complete``, or ``partial`` when the window ended early; ``bytes`` is the compressed size. ``pinned``
    ones never make room for others. ``label`` is free. ``imported`` is when it came from elsewhere (Unix time): its
    pids are those of another machine."""

    id: str
    created: float
    kind: Kind
    caller: str
    target: Target
    window: Window
    state: str
    summary: str
    bytes: int
    pinned: bool = False
    label: str = ""
    imported: float | None = None
    shared: bool = False


class About(NamedTuple):
    """What the rules about processes look at of a recording: whose its target was, how it was called, and whether
    ``others`` of that name were measured with it."""

    user: str
    name: str
    others: bool

    @classmethod
    def of(cls, target: Target) -> "About":
        return cls(target.user, target.name, bool(target.others))


class Viewer(NamedTuple):
    """Who asks: they see their own recordings and shared ones, or ``everything``."""

    name: str
    everything: bool


@dataclass(frozen=True, slots=True)
class Quota:
    """Recordings and bytes of evidence that are kept: of all callers together, and of each."""

    number: int
    bytes: int
    each_number: int
    each_bytes: int


class Imported(NamedTuple):
    """``new`` recordings, how many were ``known`` already, and which of the new ones had to get another id: (the one in
    the file, the one here)."""

    new: tuple[Recording, ...]
    known: int
    renamed: tuple[tuple[str, str], ...] = ()


class Expired(Model):
    """What made room for newer recordings: how many so far, and when the last one did (Unix time)."""

    total: int = 0
    last: float | None = None


class RecordingsAnswer(Model):
    """What ``recordings`` returns: one recording for show and for what changes one. ``expired`` made room for newer
    ones. ``file`` is what was exported or imported. ``columns`` and ``rows`` answer a query; ``total`` and ``omitted``
    are then of its rows, as far as they were fetched."""

    summary: str
    recordings: tuple[Recording, ...] = ()
    total: int
    omitted: int = 0
    expired: int = 0
    file: str | None = None
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = Field(default=())
    next: tuple[NextCall, ...] = ()
