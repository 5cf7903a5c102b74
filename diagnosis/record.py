"""How sure may a finding be? As sure as its pattern was right about programs that nobody had seen."""

from collections.abc import Mapping

RECORD: Mapping[str, tuple[int, int]] = {
    "allocation-churn": (7, 0),
    "blocking-io": (14, 3),
    "busy-wait": (1, 2),
    "chatty-protocol": (8, 5),
    "connection-per-request": (7, 2),
    "eager-loading": (1, 1),
    "excessive-stat": (7, 1),
    "failing-dependency": (2, 2),
    "gc-pressure": (4, 4),
    "gil-contention": (4, 2),
    "hot-loop": (12, 6),
    "lock-contention": (17, 2),
    "memory-growth": (12, 12),
    "open-close-churn": (4, 0),
    "polling-loop": (8, 1),
    "pool-oversized": (1, 0),
    "pool-undersized": (5, 3),
    "process-churn": (6, 1),
    "repeated-computation": (12, 3),
    "repeated-query": (8, 4),
    "repeated-read": (6, 1),
    "serial-requests": (12, 11),
    "serialization-overhead": (15, 2),
    "slow-dependency": (4, 6),
    "small-io": (8, 2),
    "string-building": (6, 0),
    "sync-write": (8, 1),
    "thread-churn": (6, 0),
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
