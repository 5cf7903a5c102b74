"""How sure may a finding be? As sure as its pattern was right about programs that nobody had seen."""

from collections.abc import Mapping

RECORD: Mapping[str, tuple[int, int]] = {
    "allocation-churn": (3, 0),
    "blocking-io": (10, 4),
    "busy-wait": (0, 1),
    "chatty-protocol": (7, 6),
    "connection-per-request": (14, 1),
    "excessive-stat": (3, 0),
    "failing-dependency": (2, 0),
    "fragmentation": (0, 0),
    "gc-pressure": (4, 1),
    "gil-contention": (2, 3),
    "hot-loop": (15, 2),
    "lock-contention": (15, 2),
    "memory-growth": (17, 15),
    "open-close-churn": (3, 0),
    "polling-loop": (7, 0),
    "pool-oversized": (0, 0),
    "pool-undersized": (6, 3),
    "process-churn": (4, 0),
    "repeated-computation": (8, 3),
    "repeated-query": (12, 4),
    "repeated-read": (4, 1),
    "serial-requests": (6, 6),
    "serialization-overhead": (15, 3),
    "slow-dependency": (4, 3),
    "small-io": (8, 1),
    "string-building": (6, 0),
    "sync-write": (8, 1),
    "thread-churn": (6, 0),
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
