"""How a program ended, in words: as wait(2) says it."""

import os
import signal


def told(status: int) -> str:
    """``exit 0``, ``exit 3``, ``killed by SIGSEGV (core dumped)``."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        core = " (core dumped)" if os.WCOREDUMP(status) else ""
        return f"killed by {_name(number)}{core}"
    return f"exit {os.waitstatus_to_exitcode(status)}"


def failure(status: int, allowed: tuple[int, ...]) -> str | None:
    """Why this is no good end; None when it is one."""
    if os.WIFSIGNALED(status):
        why = {
            signal.SIGSEGV: "it used memory that is not there",
            signal.SIGABRT: "it gave up by itself (an assertion, or memory that was freed twice)",
            signal.SIGKILL: "somebody killed it, or the machine or its control group was out of memory",
            signal.SIGBUS: "it used a part of a file that is not there",
            signal.SIGILL: "it ran an instruction that this processor does not have",
            signal.SIGFPE: "it divided by zero",
        }.get(signal.Signals(os.WTERMSIG(status)) if _is_known(os.WTERMSIG(status)) else signal.SIGTERM, "")
        return f"{told(status)}{f': {why}' if why else ''}"
    code = os.waitstatus_to_exitcode(status)
    if code in allowed:
        return None
    good = ", ".join(map(str, allowed)) or "none"
    return f"exit {code} (good are: {good})"


def _is_known(number: int) -> bool:
    return number in {int(known) for known in signal.Signals}


def _name(number: int) -> str:
    return signal.Signals(number).name if _is_known(number) else f"signal {number}"
