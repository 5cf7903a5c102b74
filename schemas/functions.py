"""How often functions were called, and how long they took."""

from perfdoctor.schemas.model import Model


class FunctionProfile(Model):
    """How often functions were called, and how long they took."""
