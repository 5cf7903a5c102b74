"""How sure may a finding be? As sure as its pattern was right about programs that nobody had seen."""

from collections.abc import Mapping

RECORD: Mapping[str, tuple[int, int]] = {
    "allocation-churn": (4, 0),
    "blocking-io": (11, 4),
    "busy-wait": (0, 2),
    "chatty-protocol": (7, 4),
    "connection-per-request": (14, 1),
    "excessive-stat": (4, 0),
    "failing-dependency": (2, 0),
    "fragmentation": (0, 0),
    "gc-pressure": (4, 1),
    "gil-contention": (2, 4),
    "hot-loop": (14, 3),
    "lock-contention": (15, 4),
    "memory-growth": (15, 17),
    "open-close-churn": (3, 0),
    "polling-loop": (6, 0),
    "pool-oversized": (0, 0),
    "pool-undersized": (5, 3),
    "process-churn": (3, 0),
    "repeated-computation": (6, 3),
    "repeated-query": (13, 4),
    "repeated-read": (4, 1),
    "serial-requests": (6, 11),
    "serialization-overhead": (13, 1),
    "slow-dependency": (4, 4),
    "small-io": (8, 1),
    "string-building": (7, 0),
    "sync-write": (7, 1),
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
