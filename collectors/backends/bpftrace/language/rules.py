"""What a caller's program may use, and why not the rest.

Named is what is allowed: a function or variable that a later bpftrace brings is refused until somebody has thought
about it. Three scopes: what runs in the target (``TARGET``), what runs when no process is meant (``NOBODY``: BEGIN,
END, interval), and a whole machine that the operator has opened (``ANYWHERE``).
"""

from enum import Enum

from perfdoctor.collectors.backends.bpftrace.language.tokens import Token, refuse
from perfdoctor.schemas.problem import ProblemError

TRUST = "An operator who trusts the caller sets PERFDOCTOR_CUSTOM_ANYWHERE=true; then ask with anywhere."


class Scope(Enum):
    TARGET = "in the target"
    NOBODY = "in no process"
    ANYWHERE = "anywhere"


_AGGREGATES = frozenset({"count", "sum", "avg", "min", "max", "stats", "hist", "lhist"})
_OUTPUT = frozenset({"printf", "print", "clear", "zero", "delete", "exit", "time", "strftime", "ksym", "ntop"})
_IN_A_PROCESS = frozenset({"str", "buf", "usym", "uaddr", "ustack", "kstack", "reg", "strncmp", "uptr"})
_IN_THE_KERNEL = frozenset({"kptr", "kaddr", "join", "path"})
_CALLS = {
    Scope.NOBODY: _AGGREGATES | _OUTPUT,
    Scope.TARGET: _AGGREGATES | _OUTPUT | _IN_A_PROCESS,
    Scope.ANYWHERE: _AGGREGATES | _OUTPUT | _IN_A_PROCESS | _IN_THE_KERNEL,
}
_TIMES = frozenset({"nsecs", "elapsed", "rand", "probe", "jiffies"})
_OF_A_PROCESS = frozenset(
    {"pid", "tid", "uid", "gid", "username", "comm", "cpu", "cgroup", "ustack", "kstack", "args", "retval", "func"}
    | {f"arg{i}" for i in range(10)}
    | {f"sarg{i}" for i in range(10)}
)
_OF_THE_KERNEL = frozenset({"curtask", "ctx"})
_NAMES = {
    Scope.NOBODY: _TIMES,
    Scope.TARGET: _TIMES | _OF_A_PROCESS,
    Scope.ANYWHERE: _TIMES | _OF_A_PROCESS | _OF_THE_KERNEL,
}
STACK_MODES = frozenset({"perf", "bpftrace", "raw"})

_NEVER = {
    "system": "It runs a command of the shell",
    "signal": "It sends a signal to the target",
    "kill": "It would end a process",
    "override": "It makes calls of the kernel fail",
    "override_return": "It makes calls of the kernel fail",
    "cat": "It prints files of the machine",
    "skboutput": "It writes a file",
    "skb_output": "It writes a file",
    "probe_write_user": "It writes into the memory of the target",
    "unwatch": "Watchpoints are not offered",
    "include": "It reads files of the machine",
}
"""functions that change something, or reach beyond what is traced"""


def check_call(token: Token, scope: Scope) -> None:
    """ProblemError unless a program may call this function here."""
    name = token.text
    if name in _CALLS[scope]:
        return
    if name in _CALLS[Scope.ANYWHERE]:
        raise _elsewhere(token, f"{name}()", scope)
    why = _NEVER.get(name, "It is not among the functions that are known to be harmless")
    allowed = ", ".join(sorted(_CALLS[scope]))
    raise refuse(f"{token.shown} may not be called.", why, f"Leave it out. Allowed are: {allowed}.", token.line)


def check_name(token: Token, scope: Scope) -> None:
    """ProblemError unless a program may read this variable of bpftrace here."""
    name = token.text
    if name in _NAMES[scope]:
        return
    if name in _NAMES[Scope.ANYWHERE]:
        raise _elsewhere(token, name, scope)
    allowed = ", ".join(sorted(_NAMES[scope]))
    raise refuse(
        f"{token.shown} is not known here.",
        "Constants of header files and names of a later bpftrace are not accepted",
        f"Write the number, or use one of: {allowed}.",
        token.line,
    )


def check_reading(token: Token, scope: Scope) -> None:
    """ProblemError where memory may not be read."""
    if scope is Scope.NOBODY:
        raise _elsewhere(token, "Memory", scope)


def check_map(token: Token, reserved: str) -> None:
    if token.text.startswith(f"@{reserved}"):
        raise refuse(
            f"The map {token.shown} belongs to perfdoctor.",
            "It holds which processes the program may see",
            "Give your map another name.",
            token.line,
        )


def _elsewhere(token: Token, what: str, scope: Scope) -> ProblemError:
    if scope is Scope.NOBODY:
        return refuse(
            f"{what} may not be used in BEGIN, END and interval.",
            "They run in whatever process happens to be on the CPU, which need not be the target",
            "Use it in a probe of the target, put the result into a map, and print the map here.",
            token.line,
        )
    return refuse(
        f"{what} may not be used: {token.shown}.",
        "It reaches beyond the target, into the kernel",
        f"Leave it out. {TRUST}",
        token.line,
    )
