"""What a caller's program may use, and why not the rest.

Named is what is allowed: a function or variable that a later bpftrace brings is refused until somebody has thought
about it. Three scopes: what runs in the target (``TARGET``), what runs when no process is meant (``NOBODY``: BEGIN,
END, interval), and a whole machine that the operator has opened (``ANYWHERE``).

A program that is lent the privileged helper's rights may use less than that: its caller is to learn no address of the
kernel and nothing of others, and no file that a user could have made is to be taken apart with privilege.
"""

from enum import Enum

from perfdoctor.collectors.backends.bpftrace.language.refused import ProgramRefusedError
from perfdoctor.collectors.backends.bpftrace.language.tokens import Token, refuse

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
_LENT_CALLS = _AGGREGATES | (_OUTPUT - {"ksym", "ntop"}) | {"str", "buf", "strncmp", "uptr"}
_LENT_NAMES = _TIMES | {"pid", "tid", "uid", "gid", "comm", "cpu", "cgroup", "args"}
LENT_GROUPS = frozenset({"syscalls", "raw_syscalls"})
"""tracepoints that fire for what the current process itself does, and show what it handed over: others fire in
interrupts, too, and then tell of somebody else, or hold addresses of the kernel"""
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


def check_call(token: Token, scope: Scope, *, lent: bool = False) -> None:
    """ProgramRefusedError unless a program may call this function here."""
    name = token.text
    if lent and name in _CALLS[Scope.ANYWHERE] - _LENT_CALLS:
        raise lent_less(f"{name}() may not be called: {token.shown}.", token)
    if name in _CALLS[scope]:
        return
    if name in _CALLS[Scope.ANYWHERE]:
        raise _elsewhere(token, f"{name}()", scope)
    why = _NEVER.get(name, "It is not among the functions that are known to be harmless")
    allowed = ", ".join(sorted(_CALLS[scope]))
    raise refuse(f"{token.shown} may not be called.", why, f"Leave it out. Allowed are: {allowed}.", token.line)


def check_name(token: Token, scope: Scope, *, lent: bool = False) -> None:
    """ProgramRefusedError unless a program may read this variable of bpftrace here."""
    name = token.text
    if lent and name in _NAMES[Scope.ANYWHERE] - _LENT_NAMES:
        raise lent_less(f"{name} may not be used: {token.shown}.", token)
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
    """ProgramRefusedError where memory may not be read."""
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


def lent_less(what: str, token: Token) -> ProgramRefusedError:
    """What a program may not use because the helper lends it its rights."""
    return refuse(
        what,
        "The helper's programs may tell neither addresses of the kernel nor anything of others, nor have files of the "
        "target read",
        "Leave it out, or run the program as root, without the helper.",
        token.line,
    )


def _elsewhere(token: Token, what: str, scope: Scope) -> ProgramRefusedError:
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
