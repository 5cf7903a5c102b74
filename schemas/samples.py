"""Two handfuls of numbers, held against each other."""

from perfdoctor.schemas.model import Model


class SampleChange(Model):
    """``before`` and ``after`` are medians, ``difference`` is the shift from the one sample to the other (the median of
    all differences between a value after and one before), ``low`` and ``high`` bound it at 95 %: None where so few
    values can bound nothing. ``p`` is how often equal programs would differ as much, in either direction.
    ``detectable`` is the smallest difference that samples like these show in 8 of 10 tries (``p`` up to 0.01);
    None where they can show none, however large. All but ``p`` and the counts are in the unit of the values."""

    before: float
    after: float
    before_values: int
    after_values: int
    difference: float
    low: float | None
    high: float | None
    p: float
    detectable: float | None
    method: str
