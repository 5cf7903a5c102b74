"""What went wrong, why, and what the caller can do now."""

from perfdoctor.schemas.model import Model


class Problem(Model):
    """A refusal or a failure in three parts, each one sentence."""

    what: str
    why: str
    next_step: str


class ProblemError(Exception):
    """Raised where the fact is known; turned into an MCP tool error in one place only."""

    def __init__(self, what: str, why: str, next_step: str) -> None:
        super().__init__(f"{what} {why} {next_step}")
        self.problem = Problem(what=what, why=why, next_step=next_step)
