"""How sure may a finding be? As sure as its pattern was right about programs that nobody had seen."""

from collections.abc import Mapping

RECORD: Mapping[str, tuple[int, int]] = {
    "allocation-churn": (3, 0),
    "blocking-io": (16, 3),
    "busy-wait": (0, 0),
    "chatty-protocol": (7, 4),
    "connection-per-request": (21, 0),
    "excessive-stat": (1, 0),
    "failing-dependency": (1, 0),
    "fragmentation": (0, 0),
    "gc-pressure": (1, 1),
    "gil-contention": (0, 2),
    "hot-loop": (33, 4),
    "lock-contention": (13, 3),
    "memory-growth": (17, 11),
    "open-close-churn": (3, 0),
    "polling-loop": (7, 3),
    "pool-oversized": (0, 0),
    "pool-undersized": (5, 0),
    "process-churn": (8, 0),
    "repeated-computation": (15, 2),
    "repeated-query": (26, 2),
    "repeated-read": (4, 1),
    "serial-requests": (13, 8),
    "serialization-overhead": (23, 4),
    "slow-dependency": (2, 2),
    "small-io": (13, 0),
    "string-building": (5, 0),
    "sync-write": (14, 1),
    "thread-churn": (5, 1),
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
