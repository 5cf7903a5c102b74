"""Who waits for which lock, and who holds it."""

from perfdoctor.schemas.model import Model


class LockProfile(Model):
    """Who waits for which lock, and who holds it."""
