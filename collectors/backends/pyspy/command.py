"""How py-spy is asked."""

ENVIRONMENT = {"RUST_BACKTRACE": "0", "RUST_LIB_BACKTRACE": "0"}
"""Its complaint is shown to the caller; where in py-spy it arose is of no use to him."""


def record(pid: int, hz: int, output: str, *, children: bool, gil: bool = False) -> list[str]:
    """Sample the Python stacks of threads that are on a core, until interrupted (SIGTERM would lose the file).
    ``gil``: of those that hold the interpreter lock instead."""
    return [
        "py-spy",
        "record",
        f"--pid={pid}",
        f"--rate={hz}",
        "--format=raw",
        f"--output={output}",
        "--full-filenames",  # else paths are cut to what follows site-packages
        "--threads",  # names the thread, and ends what a child's command line may hold
        # The target is never stopped, and may have a debugger already. Stacks are read while they change: a sample may
        # be torn, which py-spy mostly notices and counts as an error.
        "--nonblocking",
        *(["--subprocesses"] if children else []),
        *(["--gil"] if gil else []),
    ]


def dump(pid: int) -> list[str]:
    """Where each thread is now, as JSON; the target is not stopped."""
    return ["py-spy", "dump", f"--pid={pid}", "--json", "--full-filenames", "--nonblocking"]
