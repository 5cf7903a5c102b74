"""What reached the disk, and how long it took."""

from perfdoctor.schemas.model import Model


class DiskUse(Model):
    """What reached the disk, and how long it took."""
