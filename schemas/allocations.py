"""Who allocates, who grows, who never frees."""

from perfdoctor.schemas.model import Model


class AllocationProfile(Model):
    """Who allocates, who grows, who never frees."""
