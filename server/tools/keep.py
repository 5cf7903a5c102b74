"""Every window is kept: the evidence under an id, before the answer that names the id is given."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from anyio import to_thread

from perfdoctor.schemas.evidence import Evidence
from perfdoctor.server.service import Call
from perfdoctor.server.store.recording import Kind, new_id


class Summed(Protocol):
    @property
    def summary(self) -> str: ...


T = TypeVar("T", bound=Summed)


async def keep(call: Call, kind: Kind, evidence: Evidence, answer: Callable[[str, Evidence], T]) -> T:
    """``answer(id, evidence)``, once the evidence is stored under that id.

    The judging is arithmetic on many rows: it runs in a thread, so that other calls and their progress go on.
    """
    evidence = evidence.model_copy(update={"user_roots": call.user_roots})
    roots = call.code_roots(evidence.target)
    identity = new_id()
    said = await to_thread.run_sync(answer, identity, evidence)
    if roots:
        from perfdoctor.server.answers.code import digests

        sources = await to_thread.run_sync(digests, evidence, roots)
        evidence = evidence.model_copy(update={"sources": sources})
    call.service.meters.lost(sum(how.lost for how in evidence.collections.values()))
    await call.recordings.add(identity, kind, said.summary, evidence)
    call.trail.made.append(identity)
    return said
