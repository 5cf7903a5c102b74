"""What trace-io returns: what moved, what the page cache had, and the requests and syncs by file and line."""

from perfdoctor.schemas.answers import Traced
from perfdoctor.schemas.disk import Moved
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.recording import NextCall


class DiskLine(Model):
    """Requests of one operation, or syncs (``sync``: calls and not requests), from one line of the user's code."""

    location: Location | None
    operation: str
    device: str
    file: str | None
    files: int
    requests: int
    bytes: int
    seconds: float
    p50_seconds: float | None
    p99_seconds: float | None
    max_seconds: float
    stack: Stack


class MissLine(Model):
    """Pieces of files that a line had to bring into the page cache."""

    location: Location | None
    file: str | None
    misses: int


class DiskAnswer(Traced):
    moved: Moved | None
    file_read: int | None
    hit_share: float | None
    requests: int
    mean_depth: float | None
    deepest: int | None
    io_wait: float | None
    lines: tuple[DiskLine, ...]
    total_lines: int
    omitted_lines: int
    misses: tuple[MissLine, ...]
    total_misses: int
    omitted_misses: int
    next: tuple[NextCall, ...]
