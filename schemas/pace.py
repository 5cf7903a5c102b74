"""How a window's work was spread over its time: what tells chance from change within one window."""

from perfdoctor.schemas.model import Model


class PaceReading(Model):
    """What had been done ``at`` seconds after the window began: each figure grows from 0.

    ``cpu_seconds`` by the processes' own CPU clocks; ``calls`` that ended, and the ``bytes`` of read- and write-like
    ones; connections ``accepted``; ``received``: calls that took something from a socket; ``requests`` that peers began
    to ask of the target. 0 throughout where the window did not follow system calls, or sockets."""

    at: float
    cpu_seconds: float = 0.0
    calls: int = 0
    bytes: int = 0
    accepted: int = 0
    received: int = 0
    requests: int = 0
