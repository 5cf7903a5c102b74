"""How sure may a finding be? As sure as its pattern was right about programs that nobody had seen."""

from collections.abc import Mapping

RECORD: Mapping[str, tuple[int, int]] = {
    "allocation-churn": (7, 0),
    "blocking-io": (13, 4),
    "busy-wait": (1, 2),
    "chatty-protocol": (7, 6),
    "connection-per-request": (9, 2),
    "eager-loading": (1, 1),
    "excessive-stat": (6, 1),
    "failing-dependency": (1, 2),
    "gc-pressure": (4, 3),
    "gil-contention": (4, 3),
    "hot-loop": (11, 5),
    "lock-contention": (15, 2),
    "memory-growth": (14, 15),
    "open-close-churn": (3, 0),
    "polling-loop": (7, 0),
    "pool-oversized": (1, 0),
    "pool-undersized": (6, 3),
    "process-churn": (4, 1),
    "repeated-computation": (8, 4),
    "repeated-query": (11, 4),
    "repeated-read": (6, 1),
    "serial-requests": (7, 13),
    "serialization-overhead": (12, 2),
    "slow-dependency": (4, 6),
    "small-io": (6, 2),
    "string-building": (7, 0),
    "sync-write": (7, 1),
    "thread-churn": (6, 0),
    "uncompressed-transfer": (0, 2),
}
"""For each pattern, its findings from warning on that were right, and wrong (another problem, another line, or a false
alarm), over the last ten sets of programs whose authors knew no detector (bench/unseen.py prints it)."""

LEAST = 0.65
"""No pattern is trusted less for its record alone: most of what was wrong was mended after it was counted."""


def most_sure(pattern: str) -> float:
    """Up to what confidence a finding of this pattern may have; 1.0 while nothing is known of it."""
    right, wrong = RECORD.get(pattern, (0, 0))
    return max(LEAST, (right + 1) / (right + wrong + 1))
