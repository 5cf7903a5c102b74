"""When was a file last changed, and why? Asked of git, where the file is in a repository."""

from pathlib import PurePath

import anyio

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.code import LastChange

_PATIENCE = 2.0
_QUIET = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "log.showSignature=false", "core.pager=cat")
"""so that a repository cannot make git start a program"""


async def last_change(host: Host, path: str) -> LastChange | None:
    """The newest commit that touched ``path``; None without git, outside of a repository, or for a new file. git
    itself refuses repositories of other users."""
    if host.which("git") is None:
        return None
    file = PurePath(path)
    argv = ["git", "-C", str(file.parent)]
    for setting in _QUIET:
        argv += ["-c", setting]
    argv += ["log", "-1", "--no-show-signature", "--format=%h%x00%at%x00%an%x00%s", "--", file.name]
    said = b""
    with anyio.move_on_after(_PATIENCE):
        try:
            async with host.run(argv, extra_environment={"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}) as program:
                said = b"".join([chunk async for chunk in program.output()])[:4096]
        except OSError:
            return None
    # 3f2a9c1\01700000000\0Ada\0Rank by price
    fields = said.decode("utf-8", "replace").strip("\n").split("\0")
    if len(fields) != 4 or not fields[1].isdecimal():
        return None
    commit, when, author, subject = fields
    return LastChange(commit=clean(commit, 16), when=float(when), author=clean(author, 60), subject=clean(subject, 120))
