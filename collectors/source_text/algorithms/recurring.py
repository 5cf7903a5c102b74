"""Does a function of Python that is called with the same arguments again and again give the same each time?

It does if it only gives back what it works out, of what it is given, of constants, and of members that stay as its
object was made.
"""

import re

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.algorithms.same_each_time import (
    all_that_run,
    gives_by_name,
    only_gives,
    read_from_outside,
)
from perfdoctor.collectors.source_text.algorithms.unchanged import change, members_in
from perfdoctor.collectors.source_text.own_files import may_be_own
from perfdoctor.collectors.source_text.sources import Source, SourcesOfAll
from perfdoctor.schemas.evidence import Evidence

_IMPORT = re.compile(r"\s*(?:import|from)\s+\w")


def with_recurring(sources: SourcesOfAll, evidence: Evidence) -> Evidence:
    """The same evidence, whose CPU profile knows which of those functions give the same for the same."""
    if evidence.cpu is None or not evidence.cpu.recurring:
        return evidence
    told = []
    for one in evidence.cpu.recurring:
        source = sources.of(one.pid).of(one.file) if may_be_own(one.file) else None
        gives = gives_the_same(source, one.function) if source is not None else None
        # (the first argument of a plain function is no ``self``: it may hold something else each time)
        gives = gives and not (one.of_object and not _class_of(one.function))
        told.append(one.model_copy(update={"only_gives": gives}))
    return evidence.model_copy(update={"cpu": evidence.cpu.model_copy(update={"recurring": tuple(told)})})


def gives_the_same(source: Source, qualified: str) -> bool:
    """Of a function by its qualified name: ``Trails.hours_from``."""
    kind, name = _class_of(qualified), qualified.rpartition(".")[2]
    found = [each for each in source.named.get(name, ()) if syntax.class_around(each) == kind]
    if len(found) != 1 or not only_gives(source, found[0]):
        return False
    members = set[str]()
    for each in all_that_run(source, found[0]):
        if not all(_stays(source, read) for read in read_from_outside(each)):
            return False
        members |= members_in(each)
    return not members or not change(source, members)


def _class_of(qualified: str) -> str:
    """The class that a function is a method of, by its qualified name; empty for a plain one."""
    outer = qualified.rpartition(".")[0].rpartition(".")[2]
    return "" if outer == "<locals>" else outer


def _stays(source: Source, name: str) -> bool:
    """Whether a name from outside of a function stands for the same each time."""
    if name.isupper() or name in grammar.SELF or name in source.named or name in source.classes or gives_by_name(name):
        return True
    return any(name in re.findall(r"\w+", line) for line in source.lines if _IMPORT.match(line))
