"""How sure may a finding be? As sure as its pattern was right about programs that nobody had seen."""

from collections.abc import Mapping

RECORD: Mapping[str, tuple[int, int]] = {
    "allocation-churn": (6, 0),
    "blocking-io": (14, 2),
    "busy-wait": (2, 2),
    "chatty-protocol": (7, 5),
    "connection-per-request": (7, 2),
    "eager-loading": (2, 1),
    "excessive-stat": (7, 1),
    "failing-dependency": (2, 2),
    "gc-pressure": (5, 5),
    "gil-contention": (4, 2),
    "hot-loop": (12, 9),
    "lock-contention": (16, 3),
    "memory-growth": (12, 12),
    "open-close-churn": (5, 0),
    "polling-loop": (7, 3),
    "pool-oversized": (1, 0),
    "pool-undersized": (5, 3),
    "process-churn": (5, 1),
    "repeated-computation": (16, 3),
    "repeated-query": (8, 3),
    "repeated-read": (6, 1),
    "serial-requests": (12, 11),
    "serialization-overhead": (15, 2),
    "slow-dependency": (4, 5),
    "small-io": (9, 1),
    "string-building": (6, 0),
    "sync-write": (7, 0),
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
