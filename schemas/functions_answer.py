"""What trace-function returns: the functions, and the lines that call them."""

from perfdoctor.schemas.answers import Traced
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.functions import FunctionKind
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.recording import NextCall


class FunctionTotal(Model):
    """One function. Seconds are wall time inside it (native), or estimated CPU and waiting time (Python). ``values``
    says smallest, mean and largest of what was asked for; empty when nothing was."""

    function: str
    module: str
    calls: int | None
    calls_per_second: float | None
    seconds: float
    mean_seconds: float | None
    p50_seconds: float | None
    p99_seconds: float | None
    max_seconds: float | None
    cpu_seconds: float | None
    negative: int
    values: tuple[float, ...]


class CallerLine(Model):
    """A line of the user's code that calls it."""

    location: Location | None
    function: str
    calls: int | None
    seconds: float
    share: float
    stack: Stack


class FunctionsAnswer(Traced):
    kind: FunctionKind
    functions: tuple[FunctionTotal, ...]
    total_functions: int
    omitted_functions: int
    lines: tuple[CallerLine, ...]
    total_lines: int
    omitted_lines: int
    next: tuple[NextCall, ...]
