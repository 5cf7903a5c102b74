"""What a tool is: one definition, from which come the MCP tool, the shell command and the page in the docs."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from perfdoctor.schemas.model import Model
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.tools.referred import NamesRecording
from perfdoctor.server.tools.refusal import refusal


class Detail(StrEnum):
    BRIEF = "brief"
    NORMAL = "normal"
    FULL = "full"


ROWS = {Detail.BRIEF: 3, Detail.NORMAL: 10, Detail.FULL: 50}
"""rows of each table, unless ``limit`` says otherwise"""
FRAMES = {Detail.BRIEF: 4, Detail.NORMAL: 8, Detail.FULL: 64}
"""frames of each stack, innermost first"""


def _not_a_bool(value: object) -> object:
    # JSON's true would pass for the number 1, and the caller meant something else.
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    return value


NotBool = BeforeValidator(_not_a_bool)
Pid = Annotated[int, Field(ge=1, le=1 << 22, description="process id, from proc-find"), NotBool]
Seconds = Annotated[float, Field(ge=0.1, le=45, description="of the window"), NotBool]
Children = Annotated[bool, Field(description="its children too")]
RecordingId = Annotated[str, Field(min_length=1, max_length=40), NamesRecording]


class Arguments(Model):
    """What a tool may be asked. Unknown names are refused."""

    detail: Annotated[Detail, Field(description="how much")] = Detail.NORMAL


class Listing(Arguments):
    limit: Annotated[int | None, Field(ge=1, le=200, description="rows per table"), NotBool] = None

    @property
    def rows(self) -> int:
        return self.limit or ROWS[self.detail]

    @property
    def frames(self) -> int:
        return FRAMES[self.detail]


class OfProcess(Listing):
    """A tool that looks at a process: at one, or at all of a name."""

    pid: Pid | None = None
    name: Annotated[str | None, Field(min_length=1, max_length=200, description="instead of pid: all of that name")] = (
        None
    )
    seconds: Seconds = 5.0
    children: Children = True

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.pid is None) == (self.name is None):
            raise ValueError("give either pid or name, and not both")
        return self

    @property
    def who(self) -> int | str:
        asked = self.name if self.pid is None else self.pid
        assert asked is not None
        return asked


A = TypeVar("A", bound=Arguments)
R = TypeVar("R", bound=Model)


@dataclass(frozen=True, slots=True)
class Tool(Generic[A, R]):
    """``description`` says first what the call costs its target. ``positional`` arguments need no name at the shell."""

    name: str
    title: str
    description: str
    role: Role
    arguments: type[A]
    answer: type[R]
    ask: Callable[[Call, A], Awaitable[R]]
    say: Callable[[R, Detail], str]
    positional: tuple[str, ...] = ()
    only_measures: bool = True

    def parse(self, given: Mapping[str, Any]) -> A:
        """The arguments, or ProblemError that says what is wrong with them and what would be right."""
        try:
            return self.arguments.model_validate(dict(given))
        except ValidationError as error:
            raise refusal(self.name, self.arguments, error) from error
