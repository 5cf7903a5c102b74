"""Functions that give the same whenever they are asked."""

import pytest

from perfdoctor.collectors.source_text.algorithms.same_each_time import same_at
from perfdoctor.collectors.source_text.sources import Source

FILTERS = """import numpy as np

BANDS = 40

def mel(hertz):
    return 2595.0 * np.log10(1.0 + hertz / 700.0)

def filters():
    made = np.zeros((BANDS, 513))
    for band in range(BANDS):
        made[band] = mel(band)
    return made

class Features:
    def __init__(self, samples):
        self.samples = samples
        self.filters = filters()
"""


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("", "", 17),
        ("np.zeros((BANDS, 513))", "np.random.normal(size=(BANDS, 513))", 0),
        ("np.zeros((BANDS, 513))", "load(BANDS)", 0),
        ("made[band] = mel(band)", "made[band] = mel(limits[band])", 0),
    ],
    ids=["constants and numpy", "chance", "something that is not known", "what may change"],
)
def test_what_is_given_nothing_and_reads_only_constants_gives_the_same(old: str, new: str, line: int) -> None:
    source = Source("/srv/app/filters.py", FILTERS.replace(old, new, 1).encode() if old else FILTERS.encode())
    assert same_at(source, [11, 17, 30]) == line
