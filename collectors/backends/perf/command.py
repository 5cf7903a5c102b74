"""How perf is asked."""

from collections.abc import Sequence

ENVIRONMENT = {
    # A user's perf configuration changes what is recorded and printed.
    "PERF_CONFIG": "/dev/null",
    # No symbols over the network.
    "DEBUGINFOD_URLS": "",
}


def record(pids: Sequence[int], hz: int, output: str) -> list[str]:
    """Sample the CPU time of processes into a file, until interrupted."""
    return [
        "perf",
        "record",
        "--event=cpu-clock",  # a software event: hardware counters are missing in most virtual machines
        f"--freq={hz}",
        "--call-graph=fp",  # cheap for the target; dwarf would copy its stack at every sample
        "--no-buildid",  # else perf reads every mapped file when it ends
        "--no-buildid-cache",  # and copies them below the user's home
        f"--pid={_csv(pids)}",
        f"--output={output}",
    ]


def record_faults(pids: Sequence[int], output: str) -> list[str]:
    """Record every page fault of processes, with its stack, into a file, until interrupted."""
    return [
        "perf",
        "record",
        "--event=page-faults",  # a software event
        "--count=1",  # each one
        "--call-graph=fp",
        "--no-buildid",
        "--no-buildid-cache",
        f"--pid={_csv(pids)}",
        f"--output={output}",
    ]


def script(recorded: str) -> list[str]:
    """Print what was recorded, one sample after the other."""
    return [
        "perf",
        "script",
        f"--input={recorded}",
        "--force",  # the file is ours, whatever user perf takes us for
        "--fields=comm,pid,tid,ip,sym,dso",
        "--no-inline",  # inlined functions are found by us, with their lines
        "--show-lost-events",
    ]


def trace(pids: Sequence[int], output: str) -> list[str]:
    """Count the system calls of the threads of processes, until interrupted."""
    return [
        "perf",
        "trace",
        "--summary",
        "--errno-summary",
        # A thread that changes its core in a call writes the end of it elsewhere: read out of order, it is not counted.
        "--sort-events",
        f"--pid={_csv(pids)}",
        f"--output={output}",
    ]


def stat(pids: Sequence[int], events: Sequence[str]) -> list[str]:
    """Count events of processes, until interrupted; the counts come on standard error."""
    return ["perf", "stat", "--field-separator=;", f"--event={','.join(events)}", f"--pid={_csv(pids)}"]


def _csv(pids: Sequence[int]) -> str:
    return ",".join(map(str, pids))
