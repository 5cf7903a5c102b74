"""How sure may a finding be? As sure as its pattern was right about programs that nobody had seen."""

from collections.abc import Mapping

RECORD: Mapping[str, tuple[int, int]] = {
    "allocation-churn": (6, 1),
    "blocking-io": (11, 1),
    "busy-wait": (3, 0),
    "chatty-protocol": (6, 3),
    "connection-per-request": (2, 3),
    "eager-loading": (2, 1),
    "excessive-stat": (6, 1),
    "failing-dependency": (2, 3),
    "gc-pressure": (4, 9),
    "gil-contention": (4, 1),
    "hot-loop": (14, 11),
    "large-heap": (0, 0),
    "lock-contention": (17, 1),
    "memory-growth": (13, 7),
    "open-close-churn": (5, 3),
    "polling-loop": (7, 4),
    "pool-oversized": (1, 1),
    "pool-undersized": (5, 1),
    "process-churn": (7, 3),
    "repeated-computation": (19, 2),
    "repeated-query": (5, 2),
    "repeated-read": (4, 2),
    "serial-requests": (10, 5),
    "serialization-overhead": (13, 5),
    "slow-dependency": (4, 6),
    "small-io": (13, 2),
    "string-building": (10, 0),
    "sync-write": (8, 2),
    "thread-churn": (8, 0),
    "uncompressed-transfer": (0, 4),
}
"""For each pattern, its findings from warning on that were right, and wrong (another problem, another line, or a false
alarm), over the last ten sets of programs whose authors knew no detector (bench/unseen.py prints it)."""

LEAST = 0.65
"""No pattern is trusted less for its record alone: most of what was wrong was mended after it was counted."""


def most_sure(pattern: str) -> float:
    """Up to what confidence a finding of this pattern may have; 1.0 while nothing is known of it."""
    right, wrong = RECORD.get(pattern, (0, 0))
    return max(LEAST, (right + 1) / (right + wrong + 1))
