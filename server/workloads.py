"""Which workloads are declared, and may therefore be run? By the operator, or in folders that the operator named."""

import os
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from perfdoctor.collectors.text import clean, quoted
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.workload import Name, Workload
from perfdoctor.server.settings import DECLARATIONS, Settings

if TYPE_CHECKING:
    from perfdoctor.collectors.workloads.declared import Declared

_LARGEST = 256 << 10
_SHOWN = 20


class Declarations(Model):
    """A project's file."""

    workloads: dict[Name, Workload] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """A workload and where it was found: ``folder`` is what its ``cwd`` is relative to, ``owner`` the user whose
    declaration it is (None: the operator's)."""

    workload: Workload
    folder: Path
    owner: int | None
    where: str


def pair(
    settings: Settings,
    name: str,
    variant: str | None,
    against: str | None,
    environment: Mapping[str, str] = os.environ,
    *,
    allowed: Callable[[str], bool] = bool,
) -> tuple["Declared", ...]:
    """One workload, or two that are to be held against each other. Reads files: call it in a worker thread. Those whose
    names are not ``allowed`` are as if nobody had declared them.

    ``against`` is a variant of the same workload, another workload, or ``workload/variant``. ProblemError that names
    what is declared when something is not."""
    known = {each: source for each, source in declared(settings).items() if allowed(each)}
    one = _prepared(known, name, variant, environment)
    if against is None:
        return (one,)
    other, slash, its = against.partition("/")
    if not slash and against in known[name].workload.variants:
        other, its = name, against
    two = _prepared(known, other, its or None, environment)
    if (one.name, one.variant) == (two.name, two.variant):
        raise ProblemError(
            f"{one.title} cannot be held against itself.",
            "against names the same workload and the same variant.",
            "Name another variant or workload, or leave against out and compare with earlier recordings.",
        )
    return one, two


def declared(settings: Settings) -> dict[str, Source]:
    """All of them, by name. ProblemError for a file that cannot be trusted or understood, and for two of one name."""
    where = "the configuration of this server"
    found = {
        name: Source(workload, Path.home(), None, where)
        for name, workload in _checked(where, {"workloads": settings.workloads}).items()
    }
    for root in settings.workload_roots:
        path = Path(root).expanduser() / DECLARATIONS
        read = _read(path)
        if read is None:
            continue
        text, owner = read
        for name, workload in _parsed(path, text).items():
            if name in found:
                raise ProblemError(
                    f"The workload {name} is declared twice.",
                    f"In {found[name].where} and in {path}.",
                    "Give one of the two another name.",
                )
            if workload.user is not None or workload.inherit:
                raise ProblemError(
                    f"The workload {name} may not say user or inherit in {path}.",
                    "A project must not decide as whom the server runs programs, or read the server's environment.",
                    "Leave them out there, or declare it in the configuration of this server.",
                )
            found[name] = Source(workload, path.parent, owner, str(path))
    return found


def _prepared(known: dict[str, Source], name: str, variant: str | None, environment: Mapping[str, str]) -> "Declared":
    from perfdoctor.collectors.workloads.declared import prepared

    source = known.get(name)
    if source is None:
        raise _unknown(known, name)
    return prepared(
        name,
        source.workload,
        variant,
        folder=source.folder,
        owner=source.owner,
        where=source.where,
        environment=environment,
    )


def _unknown(known: dict[str, Source], name: str) -> ProblemError:
    if not known:
        return ProblemError(
            f"There is no workload {quoted(name, 60)}.",
            "None is declared: what may be run is for the operator of this server to say.",
            "Ask the operator for a table [workloads.NAME] with argv in the configuration file, or to add the "
            f"project's folder to PERFDOCTOR_WORKLOAD_ROOTS and a {DECLARATIONS} to the project (docs/workloads.md).",
        )
    told = []
    for each, source in list(known.items())[:_SHOWN]:
        variants = f" ({', '.join(source.workload.variants)})" if source.workload.variants else ""
        about = f": {clean(source.workload.about, 100)}" if source.workload.about else ""
        told.append(f"{each}{variants}{about}")
    more = f", and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return ProblemError(
        f"There is no workload {quoted(name, 60)}.",
        f"Declared, with their variants, are: {'; '.join(told)}{more}.",
        "Name one of these.",
    )


def _read(path: Path) -> tuple[str, int] | None:
    """The text and the owner's uid; None when there is no such file."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _untrusted(path, f"{error.strerror}.") from error
    try:
        about, folder = os.fstat(fd), path.parent.stat()
        if not stat.S_ISREG(about.st_mode) or about.st_size > _LARGEST:
            raise _untrusted(path, "It is no regular file, or larger than 256 KiB.")
        if about.st_mode & stat.S_IWOTH or folder.st_mode & stat.S_IWOTH:
            raise _untrusted(path, "Everybody may write it, or its folder, and would decide what is run.")
        if about.st_uid not in (0, os.geteuid(), folder.st_uid):
            raise _untrusted(path, "It belongs neither to the owner of its folder, nor to root, nor to us.")
        with open(fd, "rb", closefd=False) as file:
            return file.read(_LARGEST).decode("utf-8"), about.st_uid
    except UnicodeDecodeError as error:
        raise _untrusted(path, "It is not UTF-8.") from error
    finally:
        os.close(fd)


def _parsed(path: Path, text: str) -> dict[str, Workload]:
    try:
        return _checked(str(path), tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ProblemError(f"{path} is not valid TOML.", f"{clean(str(error))}.", "Correct the file.") from error


def _checked(where: str, tables: dict[str, Any]) -> dict[str, Workload]:
    try:
        return Declarations.model_validate(tables).workloads
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = clean(".".join(str(part) for part in first["loc"]), 120)
        why = first["msg"].removeprefix("Value error, ")
        raise ProblemError(
            f"{name} in {where} is not valid.", f"{why}.", "Correct it: docs/workloads.md has every key."
        ) from error


def _untrusted(path: Path, why: str) -> ProblemError:
    return ProblemError(
        f"{path} is not read.",
        why,
        "Correct that, or take its folder out of PERFDOCTOR_WORKLOAD_ROOTS.",
    )
