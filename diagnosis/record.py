"""How sure may a finding be? As sure as its pattern was right about programs that nobody had seen."""

from collections.abc import Mapping

RECORD: Mapping[str, tuple[int, int]] = {
    "allocation-churn": (4, 0),
    "blocking-io": (13, 4),
    "busy-wait": (0, 1),
    "chatty-protocol": (6, 4),
    "connection-per-request": (15, 0),
    "excessive-stat": (2, 0),
    "failing-dependency": (1, 0),
    "fragmentation": (0, 0),
    "gc-pressure": (2, 1),
    "gil-contention": (2, 2),
    "hot-loop": (26, 3),
    "lock-contention": (16, 3),
    "memory-growth": (18, 14),
    "open-close-churn": (3, 0),
    "polling-loop": (9, 0),
    "pool-oversized": (0, 0),
    "pool-undersized": (6, 0),
    "process-churn": (7, 0),
    "repeated-computation": (11, 1),
    "repeated-query": (17, 3),
    "repeated-read": (4, 1),
    "serial-requests": (9, 6),
    "serialization-overhead": (18, 4),
    "slow-dependency": (3, 3),
    "small-io": (11, 1),
    "string-building": (5, 0),
    "sync-write": (12, 2),
    "thread-churn": (6, 1),
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
