"""Who waits for which lock, from which line, and who holds it?"""

from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpf.engine import Wanted
from perfdoctor.collectors.backends.bpf.locks import LockPart
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.ladder import Rung, climb, must_be_asked_well
from perfdoctor.collectors.progress import Progress, silent
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.target import Target

BACKENDS = (bpf.NAME,)


async def measure(
    host: Host, target: Target, *, seconds: float, backend: str = "auto", progress: Progress = silent
) -> Evidence:
    """Every wait of ``target`` for a lock in ``seconds``: which lock, where, for how long, and who let go of it."""
    must_be_asked_well(BACKENDS, backend, seconds)

    async def by_engine() -> Evidence:
        part = LockPart(host)
        try:
            evidence = await bpf.observe(host, target, seconds=seconds, wanted=Wanted(part=part), progress=progress)
        finally:
            part.gil.stop()
        collection = evidence.collections["syscalls"]
        return evidence.model_copy(update={"collections": {**evidence.collections, "locks": collection}})

    return await climb(host, target, backend, (Rung(bpf.NAME, bpf.unavailable, by_engine),))
