"""How often functions were called, and how long they took."""

from enum import StrEnum

from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.model import Model


class FunctionKind(StrEnum):
    NATIVE = "native"
    """a symbol of the program or of a library: every call is probed"""
    PYTHON = "python"
    """seen in samples of the stack: time, and no calls"""


class Value(Model):
    """An argument or the result of calls, as a signed number; ``sizes[i]`` counts values of 2**i to 2**(i+1) - 1."""

    values: int
    negative: int
    sum: int
    least: int
    most: int
    sizes: tuple[int, ...] = ()


class FunctionRow(Model):
    """One (process, function, stack of callers, innermost first).

    Native: ``calls`` began in the window, ``returns`` ended in it; ``seconds`` is wall time of those that did not run
    inside another call of the same function (``nested`` ones did), ``histogram`` (as in ``SyscallRow``) and
    ``max_seconds`` are of all. Python: ``calls`` is None, ``cpu_seconds`` and ``wait_seconds`` are estimated from
    ``samples`` with the function anywhere on the stack."""

    pid: int
    function: str
    module: str
    stack: Stack = ()
    calls: int | None = None
    returns: int = 0
    nested: int = 0
    seconds: float = 0.0
    max_seconds: float = 0.0
    cpu_seconds: float = 0.0
    wait_seconds: float = 0.0
    samples: int = 0
    histogram: tuple[int, ...] = ()
    value: Value | None = None


class FunctionProfile(Model):
    """``functions`` are those that the name was found to mean. ``deep`` calls were so deep in others of these functions
    that they were counted and not timed."""

    kind: FunctionKind
    asked: str
    functions: tuple[str, ...] = ()
    rows: tuple[FunctionRow, ...] = ()
    deep: int = 0
