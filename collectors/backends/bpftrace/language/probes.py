"""Where a caller's program may hook in."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from perfdoctor.collectors.backends.bpftrace.language import rules
from perfdoctor.collectors.backends.bpftrace.language.refused import ProgramRefusedError
from perfdoctor.collectors.backends.bpftrace.language.rules import Scope
from perfdoctor.collectors.backends.bpftrace.language.tokens import Token, refuse

_SHORT = {
    "t": "tracepoint", "u": "uprobe", "ur": "uretprobe", "U": "usdt", "p": "profile", "i": "interval", "s": "software",
    "h": "hardware", "k": "kprobe", "kr": "kretprobe", "f": "kfunc", "fr": "kretfunc", "rt": "rawtracepoint",
    "w": "watchpoint", "aw": "asyncwatchpoint", "it": "iter", "fentry": "kfunc", "fexit": "kretfunc",
}  # fmt: skip
_KERNEL = frozenset({"kprobe", "kretprobe", "kfunc", "kretfunc", "rawtracepoint", "hardware"})
_OF_FILES = frozenset({"uprobe", "uretprobe", "usdt"})
_LENT_GROUPS = [[group] for group in rules.LENT_GROUPS]
_NEVER = {
    "watchpoint": "It takes the few breakpoints that the processor has, from debuggers too",
    "asyncwatchpoint": "It takes the few breakpoints that the processor has, and stops the target",
    "iter": "It walks all processes and files of the machine",
}
_PERIODS = {"hz": 1.0, "s": 1.0, "ms": 1e-3, "us": 1e-6}
_SHORTEST = {"profile": 0.001, "interval": 0.01}
"""seconds between two firings, on every CPU"""
_CLOCKS = frozenset({"cpu-clock", "cpu", "task-clock"})
_SHORTEST_CLOCK = 1_000_000  # ns
_PART = re.compile(r"[A-Za-z_*?][\w*?$-]{0,127}")
_SYMBOL = re.compile(r"[A-Za-z_.*?][\w.*?$@]{0,255}")
_NUMBER = re.compile(r"[1-9][0-9]{0,11}")
_FILE = re.compile(r"[\w./+-]{1,512}")

Resolve = Callable[[str], str]
"""from a file's name in the program to the path of one that the target has mapped; or ProgramRefusedError"""

Held = Callable[[str, str], bool]
"""whether an event (tracepoint:GROUP:NAME) holds the text or the array itself that a field of it is"""


def held_always(probe: str, field: str) -> bool:
    """What is so on every kernel."""
    return probe == "tracepoint:raw_syscalls:sys_enter" and field == "args"


@dataclass(frozen=True, slots=True)
class Probe:
    text: str
    scope: Scope
    name: str
    """its kind: tracepoint, uprobe …"""


def check(token: Token, *, resolve: Resolve, anywhere: bool, go: bool, lent: bool = False) -> Probe:
    """The probe as it is handed on; ProgramRefusedError unless it may be used. ``go``: the target is a Go program.
    ``lent``: see rules.py."""
    kind, *parts = token.text.split(":")
    kind = _SHORT.get(kind, kind)
    if kind in ("BEGIN", "END"):
        _must(token, not parts, f"{kind} stands alone")
        return Probe(kind, Scope.NOBODY, kind)
    if kind in ("profile", "interval"):
        return _timed(token, kind, parts)
    scope = Scope.ANYWHERE if anywhere else Scope.TARGET
    if lent and (kind in _OF_FILES or (kind == "tracepoint" and parts[:1] not in _LENT_GROUPS)):
        raise rules.lent_less(f"The probe {token.shown} may not be used.", token)
    if kind in _OF_FILES:
        return _of_a_file(token, kind, parts, scope, resolve=resolve, go=go)
    if kind == "tracepoint":
        _must(token, len(parts) == 2 and all(map(_PART.fullmatch, parts)), "It is written tracepoint:GROUP:NAME")
    elif kind == "software":
        _software(token, parts)
    elif kind in _NEVER:
        raise refuse(f"Probes of the kind {kind} are not offered.", _NEVER[kind], _INSTEAD, token.line)
    elif kind not in _KERNEL:
        raise refuse(
            f"The probe {token.shown} is not known.", "It is of none of the kinds offered", _INSTEAD, token.line
        )
    elif not anywhere:
        raise refuse(
            f"Probes of the kind {kind} may not be used: {token.shown}.",
            "They see every process, and reach into the kernel",
            f"{_INSTEAD} {rules.TRUST}",
            token.line,
        )
    else:
        _must(token, 0 < len(parts) < 4 and all(map(_SYMBOL.fullmatch, parts)), "It is written KIND:FUNCTION")
    return Probe(":".join([kind, *parts]), scope, kind)


_INSTEAD = (
    "Use tracepoint:GROUP:NAME, uprobe:FILE:FUNCTION, uretprobe:FILE:FUNCTION, usdt:FILE:NAME, profile:hz:99, "
    "software:EVENT:COUNT, interval:s:1, BEGIN or END."
)


def _must(token: Token, condition: object, why: str) -> None:
    if not condition:
        raise refuse(f"The probe {token.shown} cannot be read.", why, f"Correct it. {_INSTEAD}", token.line)


def _timed(token: Token, kind: str, parts: list[str]) -> Probe:
    well = len(parts) == 2 and parts[0] in _PERIODS and _NUMBER.fullmatch(parts[1])
    _must(token, well, f"It is written {kind}:UNIT:NUMBER; the unit is hz, s, ms or us")
    unit, number = parts[0], int(parts[1])
    period = 1 / number if unit == "hz" else number * _PERIODS[unit]
    if period < _SHORTEST[kind]:
        raise _too_often(token, f"every {_SHORTEST[kind] * 1000:g} ms")
    return Probe(f"{kind}:{unit}:{number}", Scope.NOBODY if kind == "interval" else Scope.TARGET, kind)


def _software(token: Token, parts: list[str]) -> None:
    well = 1 <= len(parts) <= 2 and _PART.fullmatch(parts[0]) and all(map(_NUMBER.fullmatch, parts[1:]))
    _must(token, well, "It is written software:EVENT:COUNT")
    if parts[0] in _CLOCKS and (len(parts) == 1 or int(parts[1]) < _SHORTEST_CLOCK):
        raise _too_often(token, f"every {_SHORTEST_CLOCK:,} ns")


def _too_often(token: Token, most: str) -> ProgramRefusedError:
    return refuse(
        f"The probe {token.shown} fires too often.",
        f"At most once {most} is allowed: it interrupts every CPU of the machine",
        "Ask for less, such as profile:hz:99.",
        token.line,
    )


def _of_a_file(token: Token, kind: str, parts: list[str], scope: Scope, *, resolve: Resolve, go: bool) -> Probe:
    counted = len(parts) in ((2, 3) if kind == "usdt" else (2,))
    _must(token, counted and _FILE.fullmatch(parts[0]), f"It is written {kind}:FILE:FUNCTION")
    if not all(map(_SYMBOL.fullmatch, parts[1:])):
        raise refuse(
            f"The probe {token.shown} names no function.",
            "An address or an offset may lie within an instruction: the target would break",
            "Name a function; C++ by its mangled name (nm).",
            token.line,
        )
    if kind == "uretprobe" and go:
        raise refuse(
            "uretprobe may not be used on a Go program.",
            "It replaces return addresses on the stack, and Go moves its stacks: the target would crash",
            "Use uprobe on the function, and on what it calls at its end.",
            token.line,
        )
    return Probe(":".join([kind, resolve(parts[0]), *parts[1:]]), scope, kind)
