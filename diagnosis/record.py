"""How sure may a finding be? As sure as its pattern was right about programs that nobody had seen."""

from collections.abc import Mapping

RECORD: Mapping[str, tuple[int, int]] = {
    "allocation-churn": (6, 0),
    "blocking-io": (11, 4),
    "busy-wait": (1, 2),
    "chatty-protocol": (8, 6),
    "connection-per-request": (10, 2),
    "eager-loading": (1, 0),
    "excessive-stat": (5, 1),
    "failing-dependency": (1, 2),
    "fragmentation": (0, 0),
    "gc-pressure": (5, 3),
    "gil-contention": (3, 3),
    "hot-loop": (11, 4),
    "lock-contention": (14, 2),
    "memory-growth": (13, 16),
    "open-close-churn": (3, 0),
    "polling-loop": (7, 0),
    "pool-oversized": (1, 0),
    "pool-undersized": (5, 3),
    "process-churn": (4, 0),
    "repeated-computation": (5, 4),
    "repeated-query": (11, 4),
    "repeated-read": (6, 2),
    "serial-requests": (7, 12),
    "serialization-overhead": (10, 2),
    "slow-dependency": (5, 6),
    "small-io": (7, 2),
    "string-building": (7, 0),
    "sync-write": (8, 1),
    "thread-churn": (7, 0),
    "uncompressed-transfer": (1, 1),
}
"""For each pattern, its findings from warning on that were right, and wrong (another problem, another line, or a false
alarm), over the last ten sets of programs whose authors knew no detector (bench/unseen.py prints it)."""

LEAST = 0.65
"""No pattern is trusted less for its record alone: most of what was wrong was mended after it was counted."""


def most_sure(pattern: str) -> float:
    """Up to what confidence a finding of this pattern may have; 1.0 while nothing is known of it."""
    right, wrong = RECORD.get(pattern, (0, 0))
    return max(LEAST, (right + 1) / (right + wrong + 1))
