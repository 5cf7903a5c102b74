"""What a line keeps, by the third of the window that it is from."""

import pytest

from perfdoctor.diagnosis.keeping import Keeping, keeping


@pytest.mark.parametrize(
    ("allocated", "thirds", "judged"),
    [
        (1000, (333, 333, 333), Keeping.GROWS),
        (1000, (200, 333, 400), Keeping.GROWS),  # its rate wavers
        (100_000, (333, 333, 333), Keeping.PASSES),  # a hundredth is in use at any moment
        (1000, (1000, 0, 0), Keeping.LEVELLED),
        (1000, (500, 490, 5), Keeping.LEVELLED),  # a block was replaced
        (1000, (0, 0, 200), Keeping.RECENT),
        (1000, (0, 200, 400), Keeping.RECENT),
        (1000, (60, 500, 60), Keeping.UNCLEAR),
        (0, (0, 0, 0), Keeping.PASSES),
    ],
)
def test_judgement(allocated: int, thirds: tuple[int, int, int], judged: Keeping) -> None:
    assert keeping(allocated, thirds) is judged
