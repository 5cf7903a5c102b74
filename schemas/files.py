"""Facts about files that the target used, looked up once after the window."""

from perfdoctor.schemas.model import Model


class FileFact(Model):
    """``path`` as the target named it; ``size`` in bytes and ``changed_in_window`` (mtime after the window began)
    from stat, in the target's own root; ``kind`` is file, directory, socket, pipe, device, missing or unknown.
    ``written_through``: it is open with O_SYNC or O_DSYNC (flags in /proc/PID/fdinfo), so each write waits for the
    disk; of files that were closed again nothing is known."""

    path: str
    kind: str = "unknown"
    size: int = 0
    changed_in_window: bool = False
    written_through: bool = False
