"""Which files were used, how often and how well."""

from enum import StrEnum

from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.model import Model


class FileAct(StrEnum):
    """What was done; the system calls behind each are in collectors/file_use.py."""

    OPEN = "open"
    LOOK = "look"
    """stat and its like: access, readlink"""
    READ = "read"
    WRITE = "write"
    SYNC = "sync"
    LIST = "list"
    CHANGE = "change"
    """rename, unlink, mkdir, truncate, chmod and their like"""
    OTHER = "other"


class FileRow(Model):
    """One (process, file, act, stack). ``path`` as the target names it, made absolute where it could be.

    ``errors`` of opens and looks are files that are not there, or may not be used; ``empty`` reads met the end of the
    file. ``sequential`` accesses went on where the one before on the same descriptor had ended, ``random`` ones did not
    (both 0 where the backend cannot tell; the first access of a descriptor is neither). ``histogram`` is of latency, as
    in ``SyscallRow``."""

    pid: int
    path: str
    act: FileAct
    stack: Stack = ()
    calls: int
    errors: int = 0
    empty: int = 0
    bytes: int = 0
    seconds: float = 0.0
    max_seconds: float = 0.0
    sequential: int = 0
    random: int = 0
    histogram: tuple[int, ...] = ()


class FileUse(Model):
    """All that was done to files in the window, dearest first. ``unnamed`` calls were upon a descriptor of which nobody
    could say what it was. Sizes are in ``Evidence.files``."""

    rows: tuple[FileRow, ...] = ()
    unnamed: int = 0
