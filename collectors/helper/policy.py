"""Who may use the helper, and how much of it: /etc/perfdoctor/helper.toml, which only root may write.

allow = ["anna", "perfdoctor"]      # who may connect, and measure their own processes; "*": everybody
total = 32                          # windows at once
each = 16                           # windows at once of one user
seconds = 600                       # the longest that one may last
programs = ["anna"]                 # who may have root's programs run, in the folder programs beside this file

[others]                            # who may measure the processes of whom else; "*": everybody's, root's included
perfdoctor = ["www-data"]
"""

import os
import pwd
import stat
import tomllib
from dataclasses import dataclass, field, replace
from typing import Any

FILE = "/etc/perfdoctor/helper.toml"
_LIMITS = {"total": (1, 256), "each": (1, 256), "seconds": (1, 86_400)}


class PolicyError(Exception):
    """The file cannot be used; the helper does not start."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Users by number. ``allow`` None: everybody. ``others``: by user whose processes besides their own; None: all."""

    allow: frozenset[int] | None = frozenset()
    others: dict[int, frozenset[int] | None] = field(default_factory=dict)
    total: int = 32
    each: int = 16
    seconds: int = 600
    programs: frozenset[int] | None = frozenset()
    """who may have the programs in ``programs_folder`` run; None: everybody who may connect"""
    programs_folder: str = f"{os.path.dirname(FILE)}/programs"  # noqa: PTH120

    def may_connect(self, uid: int) -> bool:
        return uid == 0 or self.allow is None or uid in self.allow

    def may_run_programs(self, uid: int) -> bool:
        return uid == 0 or self.programs is None or uid in self.programs

    def may_measure_all(self, uid: int) -> bool:
        return uid == 0 or self.others.get(uid, frozenset()) is None

    def may_measure(self, uid: int, owner: int) -> bool:
        theirs = self.others.get(uid, frozenset())
        return uid in (0, owner) or theirs is None or owner in theirs


def read(path: str) -> Policy:
    """PolicyError when it is not there, is not what a policy looks like, or others than root could write it."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - the very file that is looked at next
            now = os.fstat(file.fileno())
            if not stat.S_ISREG(now.st_mode) or now.st_uid not in (0, os.geteuid()) or now.st_mode & 0o022:
                raise PolicyError(f"{path} must be a file of root's that nobody else may write")
            told = parse(tomllib.load(file))
            return replace(told, programs_folder=f"{os.path.dirname(path)}/programs")  # noqa: PTH120
    except (OSError, ValueError) as error:
        raise PolicyError(f"{path}: {error}") from error


def parse(told: dict[str, Any]) -> Policy:
    unknown = told.keys() - {"allow", "others", "programs", *_LIMITS}
    if unknown:
        raise PolicyError(f"unknown: {', '.join(sorted(unknown))}")
    for name, (low, high) in _LIMITS.items():
        value = told.get(name, low)
        if type(value) is not int or not low <= value <= high:
            raise PolicyError(f"{name} must be a number from {low} to {high}")
    others = told.get("others", {})
    if not isinstance(others, dict):
        raise PolicyError("others must be a table: user = [users]")
    limits = {name: told[name] for name in _LIMITS if name in told}
    return Policy(
        allow=_users(told.get("allow", []), "allow"),
        programs=_users(told.get("programs", []), "programs"),
        others={_user(name): _users(users, f"others.{name}") for name, users in others.items()},
        **limits,
    )


def _users(told: object, where: str) -> frozenset[int] | None:
    if not isinstance(told, list) or not all(isinstance(one, str | int) and one is not True for one in told):
        raise PolicyError(f'{where} must be a list of users, or ["*"]')
    return None if "*" in told else frozenset(map(_user, told))


def _user(told: str | int) -> int:
    if isinstance(told, int) or told.isdecimal():
        return int(told)
    try:
        return pwd.getpwnam(told).pw_uid
    except KeyError as error:
        raise PolicyError(f"there is no user {told!r}") from error
