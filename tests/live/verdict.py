"""A verdict on a program that runs. A window is a sample, of a machine that does other things too: one that says
something else than expected is followed by two more, and what most of the three say counts. How often that was so is
told at the end of the run (conftest.py); how often single windows are right is measured by bench/diagnosis.py.
"""

from collections.abc import Awaitable, Callable

DOUBTS: list[str] = []
"""a line for each program that took more than one look"""
MOST = 2
"""looks that must agree"""


async def verdict(name: str, look: Callable[[], Awaitable[str]]) -> str:
    """What is wrong by most looks; empty where nothing is. ``look`` returns what is wrong by one."""
    if not (first := await look()):
        return ""
    wrong, right = [first], 0
    while len(wrong) < MOST and right < MOST:
        if said := await look():
            wrong.append(said)
        else:
            right += 1
    DOUBTS.append(f"{name}: {len(wrong)} of {len(wrong) + right} wrong: {' | '.join(wrong)}")
    return "\n".join(wrong) if len(wrong) >= MOST else ""
