"""Tables that took time to make, kept on disk by the build id of the file that they were made from."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def kept_file(build_id: str, kind: str) -> Path | None:
    """Where the table of this ``kind`` is or will be; None for a file whose id does not tell it from others."""
    if not build_id.isalnum():
        return None
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "perfdoctor" / "symbols" / f"{build_id}.{kind}"


def keep(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a table, whole or not at all. A full or read-only disk costs the time to make it again, no more."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        with part.open("wb") as file:
            write(file)
        part.replace(path)
