"""What trace-custom returns: the output of a program, cut to what fits an answer."""

from perfdoctor.schemas.answers import Traced
from perfdoctor.schemas.custom import CustomMap
from perfdoctor.schemas.recording import NextCall


class CustomAnswer(Traced):
    """``omitted_lines`` are in the recording; ``cut_lines`` and ``cut_bytes`` were printed beyond the limits and are
    nowhere. The rows of ``maps`` are cut likewise: each says of how many."""

    ran: str
    lines: tuple[str, ...]
    total_lines: int
    omitted_lines: int
    cut_lines: int
    cut_bytes: int
    maps: tuple[CustomMap, ...]
    total_maps: int
    omitted_maps: int
    next: tuple[NextCall, ...]
