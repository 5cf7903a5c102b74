"""Who may do what. A caller over stdio or at the shell is the local user, who may do all that the system lets them."""

from dataclasses import dataclass
from enum import StrEnum

from perfdoctor.schemas.problem import ProblemError


class Denied(ProblemError):  # noqa: N818 - it is one: of the kind that a policy decided
    """Refused because of who asks, and not because of what was asked."""


class Role(StrEnum):
    """Each may do all that those before it may."""

    OBSERVE = "observe"
    """look at processes and at what was recorded"""
    TRACE = "trace"
    """measure processes"""
    OPERATE = "operate"
    """delete and move recordings, run programs of their own, change code"""
    ADMIN = "admin"
    """everything"""


_ORDER = tuple(Role)


@dataclass(frozen=True, slots=True)
class Caller:
    name: str
    role: Role

    def may(self, needed: Role) -> bool:
        return _ORDER.index(self.role) >= _ORDER.index(needed)

    def must(self, needed: Role, to: str) -> None:
        """ProblemError unless this caller may ``to`` (a phrase: "delete a recording")."""
        if not self.may(needed):
            raise Denied(
                f"You may not {to}.",
                f"Your token has the role {self.role}; this needs {needed}.",
                f"Ask the operator of this server for a token: `perfdoctor token create --name NAME --role {needed}`.",
            )


LOCAL = Caller("local", Role.ADMIN)
RESERVED = frozenset({LOCAL.name})
"""names that no token may have"""
