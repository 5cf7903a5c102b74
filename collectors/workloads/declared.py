"""What exactly is run: a declared workload, one of its variants, where, as whom and with which environment."""

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from perfdoctor.collectors.text import clean
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.workload import Workload

_INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""of the server's environment; the rest may hold secrets that are not the workload's"""
_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class Declared:
    """``workload`` is as it is run: the variant is in it. ``user`` is (uid, gid, groups), None: ours. ``where`` says
    where it was declared, for people."""

    name: str
    variant: str | None
    workload: Workload
    folder: str
    environment: dict[str, str]
    user: tuple[int, int, tuple[int, ...]] | None
    where: str

    @property
    def title(self) -> str:
        return f"{self.name}/{self.variant}" if self.variant else self.name


def prepared(  # a declaration has as many parts
    name: str,
    declared: Workload,
    variant: str | None,
    *,
    folder: Path,
    owner: int | None,
    where: str,
    environment: Mapping[str, str] = os.environ,
) -> Declared:
    """``folder`` is what ``cwd`` is relative to; ``owner`` the uid whose declaration it is, as whom it is run if we may
    (None: the operator's, who may say so). ProblemError for an unknown variant or user, and a folder that is not
    there."""
    workload = declared
    if variant is not None:
        if variant not in declared.variants:
            known = ", ".join(declared.variants) or "none"
            raise ProblemError(
                f"The workload {name} has no variant {clean(variant, 60)!r}.",
                f"Declared are: {known}.",
                "Name one of these, leave variant out, or declare it.",
            )
        differs = declared.variants[variant]
        workload = declared.model_copy(
            update={
                "argv": differs.argv or declared.argv,
                "cwd": differs.cwd if differs.cwd is not None else declared.cwd,
                "environment": declared.environment | differs.environment,
            }
        )
    user, about = _user(name, workload.user, owner)
    own = {key: environment[key] for key in (*_INHERITED, *workload.inherit) if key in environment}
    own.setdefault("PATH", _PATH)
    if about is not None:
        own |= {"HOME": about.pw_dir, "USER": about.pw_name, "LOGNAME": about.pw_name}
    at = folder / workload.cwd if workload.cwd else folder
    if not at.is_dir():
        raise ProblemError(
            f"The workload {name} cannot be run in {clean(str(at), 200)}.",
            "There is no such folder.",
            f"Correct cwd in {where}.",
        )
    return Declared(name, variant, workload, str(at), own | workload.environment, user, where)


def _user(
    name: str, asked: str | None, owner: int | None
) -> tuple[tuple[int, int, tuple[int, ...]] | None, pwd.struct_passwd | None]:
    ours = os.geteuid()
    try:
        if asked is not None:
            about = pwd.getpwnam(asked)
        elif owner is not None and owner != ours:
            about = pwd.getpwuid(owner)
        else:
            return None, None
    except KeyError as error:
        who = asked if asked is not None else f"number {owner}, whose file declares it"
        raise ProblemError(
            f"The workload {name} cannot be run as user {clean(who, 80)}.",
            "This machine knows no such user.",
            "Correct user where it is declared.",
        ) from error
    if about.pw_uid == ours:
        return None, None
    if ours != 0:
        raise ProblemError(
            f"The workload {name} cannot be run as user {clean(about.pw_name, 80)}.",
            "Only root may run programs as somebody else.",
            "Run perfdoctor as root or as that user, or declare it without user.",
        )
    groups = tuple(os.getgrouplist(about.pw_name, about.pw_gid))
    return (about.pw_uid, about.pw_gid, groups), about
