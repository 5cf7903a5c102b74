"""All processes of one name, as one target."""

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.processes.match import fit
from perfdoctor.collectors.processes.sweep import parents, sweep
from perfdoctor.collectors.target import find_target
from perfdoctor.collectors.text import clean
from perfdoctor.collectors.whose import Allowed, is_allowed
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.target import Target

MOST = 64
_EXACT = 5
"""the quality of a fit from which the name itself is meant, and not a part of it"""


def find_named(host: Host, name: str, *, children: bool = True, allowed: Allowed | None = None) -> Target:
    """The processes whose name, program or script is exactly ``name`` (in upper or lower case), measured together.

    The first is the one that has used most CPU time. perfdoctor itself and those who started it are left out, zombies
    too; and those that ``allowed`` is false of, as if they were not there. ProblemError when there is none, when there
    are more than 64, or when the first may not be measured.
    """
    try:
        seen = sweep(host)
        own = int(host.read_link("/proc/self"))
    except (OSError, ValueError):
        seen, own = {}, 0
    left_out = {own, *parents(seen, own)}
    found = [
        process.stat
        for pid, process in seen.items()
        if pid not in left_out
        and not process.stat.ended
        and (fits := fit(name, pid, process.stat.name, process.arguments))
        and fits.quality == _EXACT
        and is_allowed(host, pid, allowed)
    ]
    shown = clean(name, 64)
    if not found:
        raise ProblemError(
            f"No process is called '{shown}'.",
            "A name is that of the process, of its program, or of the script that it runs, in full.",
            "Call proc-find with a part of the name to see what there is.",
        )
    if len(found) > MOST:
        raise ProblemError(
            f"{len(found)} processes are called '{shown}'.",
            f"At most {MOST} can be measured together.",
            "Give the pid of one of them, or of the process that started them: its children are included.",
        )
    found.sort(key=lambda now: (-now.cpu, now.started, now.pid))
    first = find_target(host, found[0].pid, children=children)
    return first.model_copy(update={"name": shown, "others": tuple(sorted(now.pid for now in found[1:]))})
