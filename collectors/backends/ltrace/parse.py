"""What ``ltrace -c`` prints."""

import re
from typing import NamedTuple

#  99.29    1.303962      100304        13 usleep
_LINE = re.compile(rb"\s*[\d.]+\s+(\d+(?:\.\d+)?)\s+\d+\s+(\d+) (\S.*)")


class Counted(NamedTuple):
    function: str
    calls: int
    seconds: float


def read_summary(data: bytes) -> tuple[dict[str, Counted], int]:
    """By function, and the number of lines that were not understood. The total is left out."""
    found: dict[str, Counted] = {}
    strange = 0
    for line in data.split(b"\n"):
        if not line.strip() or line.startswith((b"% time", b"------")) or line.endswith(b" total"):
            continue
        match = _LINE.fullmatch(line)
        if match is None or len(match[2]) > 18:
            strange += 1
            continue
        name = match[3].decode("utf-8", "replace").partition("@")[0]
        before = found.get(name, Counted(name, 0, 0.0))
        found[name] = Counted(name, before.calls + int(match[2]), before.seconds + float(match[1]))
    return found, strange
