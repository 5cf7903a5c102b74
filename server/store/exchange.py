"""Recordings as one file, to take them elsewhere, and back from such a file, which may be hostile.

Version 1: the line ``perfdoctor recordings 1``; a line of JSON, a list of ``Entry``; then the evidence of each, in
that order, as gzip. Nothing in it is a path, so nothing in it can lead anywhere.
"""

import gzip
import hashlib
import json
import os
import re
import stat
import tempfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, TypeAdapter, ValidationError

from perfdoctor.collectors.text import clean, quoted
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.process import WatchAnswer
from perfdoctor.schemas.recording import Window
from perfdoctor.schemas.target import Target
from perfdoctor.server.store.recording import Kind, Recording

SUFFIX = ".perfdoctor"
_MAGIC = b"perfdoctor recordings "
VERSION = 1
LARGEST_FILE = 256 << 20
LARGEST_ARTEFACT = 64 << 20
"""bytes of evidence of one recording, unpacked: JSON takes some ten times as much once it is read"""
_LARGEST_LIST = 4 << 20
MOST = 500
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""what could move a cursor, hide text or turn its direction; line ends and tabs stay, for programs have them"""


class Entry(Model):
    """One recording of a file. ``bytes`` of gzip, whose SHA-256 is ``digest``, hold ``whole`` bytes of JSON."""

    id: str = Field(pattern=r"^r-[0-9a-z]{1,38}$")
    created: float = Field(ge=0, le=1e11)
    kind: Kind
    target: Target
    window: Window
    state: str = Field(pattern=r"^(complete|partial)$")
    summary: str = Field(max_length=4000)
    label: str = Field(max_length=80)
    bytes: int = Field(ge=1, le=LARGEST_FILE)
    whole: int = Field(ge=1, le=LARGEST_ARTEFACT)
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")


_ENTRIES = TypeAdapter(list[Entry])


@dataclass(frozen=True, slots=True)
class Unpacked:
    """``original`` is the JSON in the file, ``artefact`` what is kept of it."""

    recording: Recording
    original: bytes
    artefact: bytes


def write(path: Path, recordings: Sequence[tuple[Recording, bytes]], *, replace: bool) -> None:
    """``recordings`` with their packed evidence, as one file: beside it first, then under its name at once."""
    entries = []
    for recording, packed in recordings:
        whole = _unpacked_size(packed)
        if whole > LARGEST_ARTEFACT:
            raise ProblemError(
                f"{recording.id} is too large to be exported.",
                f"It has {whole} bytes of evidence; an import takes at most {LARGEST_ARTEFACT}.",
                "Query it where it is, or export the others.",
            )
        about = recording.model_dump(exclude={"caller", "shared", "pinned", "imported", "bytes"})
        about["summary"] = recording.summary[:4000]
        digest = hashlib.sha256(packed).hexdigest()
        entries.append(Entry(**about, bytes=len(packed), whole=whole, digest=digest).model_dump(mode="json"))
    head = _MAGIC + str(VERSION).encode() + b"\n" + json.dumps(entries, separators=(",", ":")).encode() + b"\n"
    if len(head) + sum(len(packed) for _, packed in recordings) > LARGEST_FILE or len(entries) > MOST:
        raise ProblemError(
            f"These {len(entries)} recordings are too much for one file.",
            f"A file takes at most {MOST} recordings and {LARGEST_FILE} bytes.",
            "Export fewer at once.",
        )
    try:
        fd, beside = tempfile.mkstemp(dir=path.parent, prefix=".export-", suffix=SUFFIX)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(head)
                for _, packed in recordings:
                    file.write(packed)
                file.flush()
                os.fsync(fd)
            if replace:
                Path(beside).replace(path)
            else:
                _name_it(beside, path)
        finally:
            with suppress(FileNotFoundError):
                Path(beside).unlink()
    except OSError as error:
        taken = isinstance(error, FileExistsError)
        raise ProblemError(
            f"{quoted(str(path), 200)} cannot be written.",
            "There is a file of that name already, and nothing is overwritten." if taken else f"{error.strerror}.",
            "Give the name of a new file in a folder that perfdoctor may write, ending in .perfdoctor.",
        ) from error


def _name_it(beside: str, path: Path) -> None:
    """Give the finished file its name, unless there is a file of that name: rename would put itself in its place."""
    try:
        path.hardlink_to(beside)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        Path(beside).replace(path)


def read(path: Path) -> tuple[Unpacked, ...]:
    """The recordings of a file. Everything is checked before anything is kept; ProblemError says what is wrong."""
    data = _content(path)
    first, _, rest = data[: len(_MAGIC) + 16].partition(b"\n")
    if not first.startswith(_MAGIC) or not rest:
        raise _not_ours(path, "it does not begin like one")
    version = first.removeprefix(_MAGIC).decode("ascii", "replace")
    if version != str(VERSION):
        raise ProblemError(
            f"{quoted(str(path), 200)} has the format {quoted(version, 16)}.",
            f"This perfdoctor reads format {VERSION} only.",
            "Use the perfdoctor that wrote it, or one as new.",
        )
    start = len(first) + 1
    end = data.find(b"\n", start, start + _LARGEST_LIST)
    if end < 0:
        raise _not_ours(path, "its list of recordings is too long or has no end")
    try:
        entries = _ENTRIES.validate_json(data[start:end])
    except ValidationError as error:
        raise _not_ours(path, _first_of(error)) from error
    if not 1 <= len(entries) <= MOST or len({entry.id for entry in entries}) != len(entries):
        raise _not_ours(path, f"it must hold 1 to {MOST} recordings, each once")
    if end + 1 + sum(entry.bytes for entry in entries) != len(data):
        raise _not_ours(path, "it is longer or shorter than its list says")
    if sum(entry.whole for entry in entries) > 4 * LARGEST_ARTEFACT:
        raise _not_ours(path, f"unpacked it would have more than {4 * LARGEST_ARTEFACT} bytes")
    at, found = end + 1, []
    for entry in entries:
        found.append(_unpacked(path, entry, data[at : at + entry.bytes]))
        at += entry.bytes
    return tuple(found)


def _content(path: Path) -> bytes:
    try:
        # Opening a device may already do something, and a pipe would wait for its writer.
        if not stat.S_ISREG(path.stat().st_mode):
            raise _not_ours(path, "it is no regular file")
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            about = os.fstat(fd)
            if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST_FILE:
                raise _not_ours(path, f"it is no regular file, or larger than {LARGEST_FILE} bytes")
            return file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        raise ProblemError(
            f"{quoted(str(path), 200)} cannot be read.",
            f"{getattr(error, 'strerror', None) or 'It is no path'}.",
            "Give the path of a file that recordings export wrote.",
        ) from error


def _unpacked(path: Path, entry: Entry, packed: bytes) -> Unpacked:
    if hashlib.sha256(packed).hexdigest() != entry.digest:
        raise _not_ours(path, f"the evidence of {entry.id} is damaged")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        original = unpacker.decompress(packed, entry.whole + 1)
    except zlib.error as error:
        raise _not_ours(path, f"the evidence of {entry.id} is not gzip") from error
    if len(original) != entry.whole or not unpacker.eof or unpacker.unused_data:
        raise _not_ours(path, f"the evidence of {entry.id} is not as large as it says")
    model: type[Evidence] | type[WatchAnswer] = WatchAnswer if entry.kind is Kind.WATCH else Evidence
    try:
        cleaned = json.dumps(_harmless(json.loads(original)))
        artefact = model.model_validate_json(cleaned)
    except ValidationError as error:
        raise _not_ours(path, f"the evidence of {entry.id}: {_first_of(error)}") from error
    except (ValueError, RecursionError) as error:
        raise _not_ours(path, f"the evidence of {entry.id} is no JSON that it could be") from error
    if artefact.target.pid != entry.target.pid or artefact.window != entry.window:
        raise _not_ours(path, f"the evidence of {entry.id} is of another process or window than its list says")
    # Where a process runs opens its folder to code-inspect. The folder that this file names is on another machine, and
    # whoever wrote the file shall not choose one of this.
    target = artefact.target.model_copy(update={"cwd": None})
    artefact = artefact.model_copy(update={"target": target})
    recording = Recording(
        **entry.model_dump(exclude={"whole", "digest", "target", "summary", "label"}),
        caller="",
        target=target,
        summary=clean(entry.summary, 1000),
        label=clean(entry.label, 80),
    )
    return Unpacked(recording, original, artefact.model_dump_json().encode())


def _harmless(value: Any) -> Any:
    """Without characters that no recording of ours has: what it holds will be shown."""
    if isinstance(value, str):
        return _CONTROL.sub("\ufffd", value)
    if isinstance(value, list):
        return [_harmless(item) for item in value]
    if isinstance(value, dict):
        return {_CONTROL.sub("\ufffd", key): _harmless(item) for key, item in value.items()}
    return value


def _unpacked_size(packed: bytes) -> int:
    return len(gzip.decompress(packed))


def _first_of(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"][-3:])
    return clean(f"{where}: {first['msg']}", 160)


def _not_ours(path: Path, why: str) -> ProblemError:
    return ProblemError(
        f"{quoted(str(path), 200)} is not a file of recordings.",
        f"{why[:1].upper()}{why[1:]}. Nothing was imported.",
        "Give the path of a file that recordings export wrote, copied whole.",
    )
