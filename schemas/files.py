"""Facts about files that the target used, looked up once after the window."""

from perfdoctor.schemas.model import Model


class FileFact(Model):
    """``path`` as the target named it; ``size`` in bytes and ``changed_in_window`` (mtime after the window began)
    from stat, in
    the target's own root; ``kind`` is file, directory, socket, pipe, device, missing or unknown."""

    path: str
    kind: str = "unknown"
    size: int = 0
    changed_in_window: bool = False
