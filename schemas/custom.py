"""What a caller's own program said."""

from perfdoctor.schemas.model import Model


class CustomOutput(Model):
    """What a caller's own program said."""
