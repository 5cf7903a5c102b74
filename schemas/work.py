"""How much was done, as the one who does it counts."""

from pydantic import Field

from perfdoctor.schemas.model import Model


class Work(Model):
    """``count`` pieces of work done in the window; ``unit`` names one of them (``order``, ``MiB``, ``iteration``)."""

    unit: str = Field(min_length=1, max_length=40)
    count: float = Field(ge=0)
