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


CUSTOM_KEYS = 4096
CUSTOM_PROBES = 100
"""``tracepoint:syscalls:sys_enter_*`` has 360, and took 29 s to attach and detach"""
CUSTOM_ENVIRONMENT = {
    "BPFTRACE_MAP_KEYS_MAX": str(CUSTOM_KEYS),
    "BPFTRACE_MAX_PROBES": str(CUSTOM_PROBES),
    "BPFTRACE_STRLEN": "64",  # on the stack of the kernel, of 512 bytes
    "BPFTRACE_CACHE_USER_SYMBOLS": "1",  # else the symbols of a target that has ended are numbers
}


def run_program(program: str, pid: int | None) -> list[str]:
    """Run a checked program. With ``pid`` later versions probe functions in that process only (0.17 has all processes
    run into the trap); usdt probes need it."""
    return ["bpftrace", "-f", "json", *(["-p", str(pid)] if pid else []), "-e", program]
