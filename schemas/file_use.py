"""Which files were used, how often and how well."""

from perfdoctor.schemas.model import Model


class FileUse(Model):
    """Which files were used, how often and how well."""
