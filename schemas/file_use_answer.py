"""What trace-files returns: the files that cost most, and the lines that used them."""

from perfdoctor.schemas.answers import Traced
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.recording import NextCall


class FileLine(Model):
    """One file. ``missing``: opens and looks that failed; ``times_read`` is bytes read over its size, None where the
    size is not known or changed; ``sequential`` is the share of reads and writes that went on where the last ended."""

    path: str
    kind: str
    size: int
    opens: int
    looks: int
    missing: int
    reads: int
    read_bytes: int
    times_read: float | None
    writes: int
    written_bytes: int
    syncs: int
    sync_seconds: float
    sequential: float | None
    seconds: float


class FileUseLine(Model):
    """One act at one line of the user's code, on ``path`` and ``files`` - 1 others."""

    location: Location | None
    act: str
    path: str
    files: int
    calls: int
    errors: int
    bytes: int
    seconds: float
    p99_seconds: float | None
    stack: Stack


class FilesAnswer(Traced):
    opens: int
    missing: int
    read_bytes: int
    written_bytes: int
    syncs: int
    unnamed: int
    files: tuple[FileLine, ...]
    total_files: int
    omitted_files: int
    lines: tuple[FileUseLine, ...]
    total_lines: int
    omitted_lines: int
    next: tuple[NextCall, ...]
