"""What the measuring tools have in common: one window, kept, cut to an answer."""

from collections.abc import Callable
from typing import TypeVar

from perfdoctor.schemas.evidence import Evidence
from perfdoctor.server.service import Call
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.tools.keep import Summed, keep
from perfdoctor.server.tools.tool import OfProcess

T = TypeVar("T", bound=Summed)


async def traced(
    call: Call,
    tool: str,
    kind: Kind,
    arguments: OfProcess,
    answer: Callable[[str, Evidence], T],
    *,
    backend: str = "auto",
    **options: object,
) -> T:
    """Ask the question ``kind`` of one process, keep the evidence, and give ``answer(recording, evidence)``."""
    stops = call.service.stops(tool, backend)
    async with call.window(arguments.who, arguments.seconds, children=arguments.children, stops=stops) as target:
        evidence = await call.instruments.measure(
            kind.value, target, seconds=arguments.seconds, backend=backend, progress=call.progress, **options
        )
        return await keep(call, kind, evidence, answer)
