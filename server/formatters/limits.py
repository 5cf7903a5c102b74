"""What a process's control groups allow it, in few words."""

from perfdoctor.schemas.limits import Limits
from perfdoctor.server.formatters.words import code, count, percent, quantity


def limited(limits: Limits | None) -> bool:
    """Whether there is anything worth a line."""
    if limits is None:
        return False
    bounds = (limits.cpu, limits.memory, limits.memory_high, limits.swap, limits.pids, limits.oom_kills or None)
    return bool(limits.io) or any(bound is not None for bound in bounds)


def say(limits: Limits, *, parts: bool = False) -> str:
    """One line; ``parts`` adds what the group's memory is."""
    return f"Control group {code(limits.group, 80)}: {'; '.join(_phrases(limits, parts=parts))}."


def _phrases(limits: Limits, *, parts: bool) -> list[str]:
    said = []
    if limits.cpu is not None:
        held = ""
        if limits.throttled_share is not None and limits.throttled_seconds is not None:
            waited = quantity(limits.throttled_seconds, "s")
            held = f", throttled in {percent(limits.throttled_share)} of the periods ({waited})"
        said.append(f"{limits.cpu:g} cores{held}")
    if limits.memory_used is not None:
        of = f" of {quantity(limits.memory, 'B')}" if limits.memory is not None else ""
        cache = f" ({quantity(limits.memory_inactive, 'B')} of it idle page cache)" if limits.memory_inactive else ""
        said.append(f"{quantity(limits.memory_used, 'B')}{of} memory used{cache}")
    if limits.memory_high is not None:
        said.append(f"slowed down above {quantity(limits.memory_high, 'B')}")
    if limits.memory_hits:
        said.append(f"{count(limits.memory_hits)} times at its limit")
    if limits.oom_kills:
        said.append(f"{count(limits.oom_kills)} processes killed for want of memory")
    if limits.swap is not None:
        said.append(f"swap {quantity(limits.swap, 'B')}")
    if limits.pids is not None:
        said.append(f"{limits.pids_used if limits.pids_used is not None else '?'} of {limits.pids} tasks")
    said += [f"I/O {line}" for line in limits.io[:4]]
    if parts and any(limits.parts.values()):
        holds = ", ".join(f"{name} {quantity(value, 'B')}" for name, value in limits.parts.items() if value)
        said.append(f"it holds {holds}")
    return said
