"""Names for what the engine saw of a process that is no longer there."""

from perfdoctor.collectors.backends.bpf.decode import StackRecord
from perfdoctor.collectors.backends.bpf.names import ProcessNames
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.runtimes.python import UNNAMED

GONE = 1 << 30


def test_a_frame_that_nobody_can_name_keeps_its_place() -> None:
    """Left out, its caller would pass for the line that made the call."""
    names = ProcessNames(LocalHost(), GONE, None)
    assert names.python(StackRecord(GONE, 1, 0, ((0x1000, 0x1010), (0x2000, 0x2010)), ())) == (UNNAMED, UNNAMED)
    assert UNNAMED.line is None and UNNAMED.file is None
