"""Which processes, workloads and tools an identity may touch: the operator's rules, beside what its role allows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NoReturn

from pydantic import Field

from perfdoctor.collectors.text import clean
from perfdoctor.schemas.model import Model
from perfdoctor.server.policy import LOCAL, Caller, Denied, Role
from perfdoctor.server.store.recording import About

if TYPE_CHECKING:
    from perfdoctor.collectors.whose import Whose

RECORDINGS = "recordings"
"""the tool as which reading a resource counts"""
NO_CONTAINER = "-"

Pattern = str
"""a name, or a shell pattern: ``*`` for any part, ``?`` for one character"""


class Rule(Model):
    """What those whose name fits ``identity`` may touch. What is left out does not restrict; an empty list allows
    nothing. Each entry is a name or a shell pattern. ``users`` are names or numbers, and all that a process may act as
    must fit; ``processes`` its own name, its program's or its script's; ``containers`` the id of its container (in full
    or its first twelve digits), the path of its control group, or ``-`` for a process that no container holds."""

    identity: Pattern = Field(min_length=1, max_length=200)
    users: tuple[Pattern, ...] | None = None
    processes: tuple[Pattern, ...] | None = None
    containers: tuple[Pattern, ...] | None = None
    workloads: tuple[Pattern, ...] | None = None
    tools: tuple[Pattern, ...] | None = None

    def lets_call(self, tool: str) -> bool:
        return _fits(self.tools, (tool,))

    def lets_see(self, one: "Whose") -> bool:
        places = one.containers if one.contained else (*one.containers, NO_CONTAINER)
        return (
            all(_fits(self.users, user) for user in one.users)
            and bool(one.users)
            and _fits(self.processes, one.names)
            and _fits(self.containers, places)
        )

    def lets_read(self, about: About) -> bool:
        """A recording of such a target, made by somebody else. What its container was is not kept, so that a rule
        about containers lets nobody read what others recorded."""
        return (
            self.containers is None
            and _fits(self.users, (about.user,))
            and (self.users is None or not about.others)
            and _fits(self.processes, (about.name,))
        )

    def lets_run(self, workload: str) -> bool:
        return _fits(self.workloads, (workload,))


@dataclass(frozen=True, slots=True)
class Access:
    """What one caller may touch by one tool. ``rules`` are those that hold for both; None: the role alone decides.
    What any of them allows is allowed."""

    caller: Caller
    tool: str
    rules: tuple[Rule, ...] | None

    @property
    def restricted(self) -> bool:
        return self.rules is not None

    @property
    def may_call(self) -> bool:
        return self.rules is None or bool(self.rules)

    def must_call(self) -> None:
        if not self.may_call:
            raise Denied(
                f"You may not call {self.tool}.",
                f"The rules of this server do not name this tool for {clean(self.caller.name, 64)}.",
                "Use a tool that you are offered, or ask the operator of this server for a rule.",
            )

    def sees(self, one: "Whose") -> bool:
        return self.rules is None or any(rule.lets_see(one) for rule in self.rules)

    def reads(self, about: About, made_by: str) -> bool:
        """Whether a recording may be read: one's own, and of others those of processes that one may see."""
        return self.rules is None or made_by == self.caller.name or any(rule.lets_read(about) for rule in self.rules)

    def runs(self, workload: str) -> bool:
        return self.rules is None or any(rule.lets_run(workload) for rule in self.rules)

    def must_read(self, identity: str, about: About, made_by: str) -> None:
        if not self.reads(about, made_by):
            self.must_not_read(identity)

    def must_not_read(self, identity: str) -> NoReturn:
        # The same words for one that is not there: a caller must not learn which ids exist.
        raise Denied(
            f"There is no recording {clean(identity, 40)!r} that you may read.",
            "It was never made, or the rules of this server do not let you see its process.",
            "Call recordings with action list to see those that you may read.",
        )

    def must_run(self, workload: str) -> None:
        if not self.runs(workload):
            raise Denied(
                f"There is no workload {clean(workload, 60)!r} that you may run.",
                "It is not declared, or the rules of this server do not let you run it.",
                "Ask the operator of this server which workloads you may run.",
            )


def access(rules: Sequence[Rule], caller: Caller, tool: str) -> Access:
    """The rules for ``caller`` calling ``tool``. Nobody limits the local user, whose rights are those of the system,
    and an admin, who may do everything; whoever no rule names may do what the role says."""
    named = tuple(rule for rule in rules if fnmatchcase(caller.name, rule.identity))
    if not named or caller == LOCAL or caller.role is Role.ADMIN:
        return Access(caller, tool, None)
    return Access(caller, tool, tuple(rule for rule in named if rule.lets_call(tool)))


def _fits(patterns: Sequence[Pattern] | None, values: Iterable[str]) -> bool:
    return patterns is None or any(fnmatchcase(value, pattern) for value in values for pattern in patterns)
