"""What every thread is doing, and who waits for whom."""

from perfdoctor.schemas.model import Model


class ThreadStacks(Model):
    """What every thread is doing, and who waits for whom."""
