"""How bpftrace is asked."""

from collections.abc import Sequence
from pathlib import Path

PROGRAM = Path(__file__).with_name("calls.bt")
LOCKS = Path(__file__).with_name("locks.bt")
MOST_PIDS = 32
"""processes that the program can be started with"""
MOST_KEYS = 16_384
"""entries per table: (process, system call) pairs, and calls under way"""

ENVIRONMENT = {
    # 4,096 by default; what does not fit is lost without a word.
    "BPFTRACE_MAP_KEYS_MAX": str(MOST_KEYS),
}


def count_calls(pids: Sequence[int], *, follow: bool, program: Path = PROGRAM) -> list[str]:
    """Count the system calls of processes (or what else ``program`` counts), until interrupted or until the first of
    them ends. The program's text is fixed: numbers are all that is put into it."""
    numbers = [int(follow), *pids[:MOST_PIDS]]
    return ["bpftrace", "-f", "json", "-p", str(pids[0]), str(program), *map(str, numbers)]
