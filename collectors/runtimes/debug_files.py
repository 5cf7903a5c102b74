"""Where the debug information of a stripped file is: in a file of its own, found by build id or by name.

Distributions and release builds take it away with ``objcopy --only-keep-debug``; debuggers find it again in the places
of https://sourceware.org/gdb/current/onlinedocs/gdb.html/Separate-Debug-Files.html, in the target's own root and in
ours. A file counts only when it says that it is of the same build: lines of another would be wrong ones.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from perfdoctor.collectors.runtimes.elf import Elf

_FOLDER = "/usr/lib/debug"
_LARGEST = 1 << 30


def find_debug_file(elf: Elf, path: str, root: str) -> Elf | None:
    """The debug file of ``elf``, opened; None where there is none. ``path`` is the file's as its process sees it, whose
    root is at ``root`` (``/proc/PID/root``)."""
    build_id = elf.build_id()
    name, checksum = _link(elf)
    if not build_id and not name:
        return None
    for place in _places(build_id, name, path, root):
        with suppress(OSError, ValueError):
            found = Elf(place)
            if found.identity != elf.identity and _is_of(found, build_id, checksum):
                return found
            found.close()
    return None


def _link(elf: Elf) -> tuple[str, int | None]:
    """What ``.gnu_debuglink`` says: a file name, and the CRC-32 of the file."""
    link = elf.section_content(".gnu_debuglink")
    name, _, _ = link.partition(b"\0")
    text = name.decode("utf-8", "replace")
    if len(link) < 8 or not text or "/" in text or text in (".", "..") or len(name) > 255:
        return "", None
    return text, int.from_bytes(link[-4:], "little")


def _places(build_id: str, name: str, path: str, root: str) -> Iterator[str]:
    folder = os.path.dirname(path.removesuffix(" (deleted)"))  # noqa: PTH120 - of another root: text, no path of ours
    for top in (root, ""):
        if len(build_id) > 2:
            yield f"{top}{_FOLDER}/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
        if name and folder.startswith("/"):
            yield from (f"{top}{folder}/{name}", f"{top}{folder}/.debug/{name}", f"{top}{_FOLDER}{folder}/{name}")
    if build_id:
        cache = os.environ.get("DEBUGINFOD_CACHE_PATH") or str(Path.home() / ".cache/debuginfod_client")
        yield f"{cache}/{build_id}/debuginfo"


def _is_of(found: Elf, build_id: str, checksum: int | None) -> bool:
    if theirs := found.build_id():
        return theirs == build_id
    return checksum is not None and found.checksum(_LARGEST) == checksum
