"""How long: `30d`, `12h`, `45m`, `90s`."""

import re

from perfdoctor.collectors.text import clean
from perfdoctor.schemas.problem import ProblemError

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
_LONGEST = 10 * 366 * 86400.0


def seconds_of(text: str, option: str, *, at_least: float = 1.0) -> float:
    """Seconds. ProblemError that names ``option`` when it is anything else, or longer than ten years."""
    found = re.fullmatch(r"([0-9]{1,9})([smhdw])", text)
    length = int(found[1]) * _UNITS[found[2]] if found else -1.0
    if not at_least <= length <= _LONGEST:
        raise ProblemError(
            f"{option} {clean(text, 40)!r} is not a length of time.",
            "It is a number with s, m, h, d or w behind it, at most ten years.",
            f"Give {option} 30d, for example.",
        )
    return length
