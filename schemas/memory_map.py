"""What a process's memory is made of."""

from perfdoctor.schemas.model import Model


class MemoryMap(Model):
    """What a process's memory is made of."""
