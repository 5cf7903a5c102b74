"""Why a program may not run. The privileged helper reads programs too, and has nothing but the standard library."""


class ProgramRefusedError(Exception):
    """In the three parts of a problem (schemas/problem.py)."""

    def __init__(self, what: str, why: str, next_step: str) -> None:
        super().__init__(f"{what} {why} {next_step}")
        self.what, self.why, self.next_step = what, why, next_step
