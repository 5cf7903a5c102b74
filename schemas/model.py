"""The one way a model is declared: frozen, closed, and without surprises on the wire."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A frozen record. Unknown fields are refused, NaN and infinity never leave or enter."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
