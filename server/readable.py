"""Which recordings may a caller read, as far as rules about processes say?"""

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.rules import Access
from perfdoctor.server.store.recording import About, Recording
from perfdoctor.server.store.recordings import Recordings


async def readable(store: Recordings, access: Access, identity: str) -> Recording:
    """The recording. ProblemError when there is none, or none that this caller may read: in the same words."""
    try:
        one = await store.find(identity)
    except ProblemError:
        if access.restricted:
            access.must_not_read(identity)
        raise
    access.must_read(identity, About.of(one.target), one.caller)
    return one


async def list_readable(store: Recordings, access: Access, most: int) -> tuple[tuple[Recording, ...], int]:
    """The newest ``most`` that this caller may read, newest first, and how many such there are."""
    if not access.restricted:
        return await store.list(most)
    return await store.list_of(most, access.reads)
