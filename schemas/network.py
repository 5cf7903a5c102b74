"""Whom the target talked to, how often and how well."""

from perfdoctor.schemas.model import Model


class NetworkUse(Model):
    """Whom the target talked to, how often and how well."""
