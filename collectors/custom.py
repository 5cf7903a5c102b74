"""What does an expert's own program see in a process?"""

from functools import partial

from anyio import to_thread

from perfdoctor.collectors.backends.bpftrace import backend as bpftrace
from perfdoctor.collectors.backends.bpftrace import custom, lent
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.host.helper import as_helper_knows
from perfdoctor.collectors.ladder import Rung, climb, must_be_asked_well
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.progress import Progress, silent
from perfdoctor.collectors.target import still_there
from perfdoctor.schemas.custom import CustomOutput
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.target import Target

BACKENDS = (bpftrace.NAME,)


async def measure(
    host: Host,
    target: Target,
    *,
    seconds: float,
    backend: str = "auto",
    progress: Progress = silent,
    program: str,
    anywhere: bool = False,
) -> Evidence:
    """Run ``program`` (bpftrace's language) on ``target`` for ``seconds``; the evidence has ``custom``.

    The program is read whole and written anew: it can neither change anything nor see another process, unless
    ``anywhere``. Where the privileged helper would run it, it is the name of one of the administrator's. ProblemError
    when it may not run, with the reason. On a Mac there is dtrace, which is not offered.
    """
    must_be_asked_well(BACKENDS, backend, seconds)
    if (helper := host.helper) is not None:
        name = await to_thread.run_sync(lambda: lent.choose(helper, program, anywhere=anywhere))

        async def by_helper() -> Evidence:
            measured = await lent.trace(
                host,
                helper,
                target,
                name,
                seconds=seconds,
                known=partial(as_helper_knows, host),
                there=partial(still_there, host, target),
                progress=progress,
            )
            return _evidence(target, measured)

        return await climb(host, target, backend, (Rung(bpftrace.NAME, lent.unavailable, by_helper),))
    formats = await custom.formats(host, program)
    asked = await to_thread.run_sync(lambda: custom.ask(host, target, program, anywhere=anywhere, formats=formats))

    async def by_bpftrace() -> Evidence:
        measured = await custom.trace(
            host,
            target,
            asked,
            program=program,
            anywhere=anywhere,
            seconds=seconds,
            there=lambda: still_there(host, target),
            progress=progress,
        )
        return _evidence(target, measured)

    return await climb(host, target, backend, (Rung(bpftrace.NAME, bpftrace.unavailable, by_bpftrace),))


def _evidence(target: Target, measured: Measured[CustomOutput]) -> Evidence:
    return Evidence(
        target=target,
        window=measured.window,
        collections={"custom": measured.collection},
        custom=measured.profile,
    )
