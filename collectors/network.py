"""Whom does a process talk to, how often, and how well?"""

from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpf.engine import Wanted
from perfdoctor.collectors.backends.bpf.sockets import SocketPart
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.ladder import Rung, climb, must_be_asked_well
from perfdoctor.collectors.progress import Progress, silent
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.target import Target

BACKENDS = (bpf.NAME,)


async def measure(
    host: Host, target: Target, *, seconds: float, backend: str = "auto", progress: Progress = silent
) -> Evidence:
    must_be_asked_well(BACKENDS, backend, seconds)

    async def by_engine() -> Evidence:
        part = SocketPart()
        evidence = await bpf.observe(host, target, seconds=seconds, wanted=Wanted(part=part), progress=progress)
        how = evidence.collections["syscalls"]
        return evidence.model_copy(update={"collections": {**evidence.collections, "network": how}})

    rungs = (Rung(bpf.NAME, bpf.unavailable, by_engine),)
    return await climb(host, target, backend, rungs)
