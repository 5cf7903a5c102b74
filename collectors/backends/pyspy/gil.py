"""Asks py-spy: which threads hold Python's interpreter lock, and at which lines?"""

from collections import Counter, defaultdict

from perfdoctor.collectors.backends.pyspy import backend
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.progress import Progress
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.locks import GilHolder, GilUse, LockProfile
from perfdoctor.schemas.target import Target

_HZ = 200
_LINES = 16


async def trace_gil(host: Host, target: Target, *, seconds: float, progress: Progress) -> Measured[LockProfile]:
    """Samples of who held the interpreter, 200 a second, by thread and line; no wait of any kind. OSError or
    ProblemError when py-spy cannot."""
    measured = await backend.trace_cpu(host, target, seconds=seconds, hz=_HZ, progress=progress, gil=True)
    lines: dict[int, dict[str, Counter[Stack]]] = defaultdict(lambda: defaultdict(Counter))
    for row in measured.profile.rows:
        lines[row.pid][row.thread][row.stack] += row.samples
    looks = max(1, round(measured.window.seconds * _HZ))
    gil = []
    for pid, threads in sorted(lines.items()):
        held = {name: sum(stacks.values()) for name, stacks in threads.items()}
        holders = tuple(
            GilHolder(tid=0, thread=name, samples=held[name], lines=tuple(stacks.most_common(_LINES)))
            for name, stacks in sorted(threads.items(), key=lambda thread: -held[thread[0]])
        )
        samples = max(looks, sum(held.values()))
        gil.append(GilUse(pid=pid, hz=_HZ, samples=samples, held=sum(held.values()), holders=holders))
    lacks = (
        "waits and who waits",
        "all locks but the interpreter's",
        "how long it was held each time",
        "children that are not Python",
    )
    collection = measured.collection.model_copy(update={"lacks": lacks})
    return Measured(LockProfile(gil=tuple(gil), sees_waits=False), collection, measured.window)
