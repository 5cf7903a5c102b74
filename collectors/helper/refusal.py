"""What the helper does not do, and why."""


class RefusedError(Exception):
    """In two parts, as the caller is to read them."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what} {why}")
        self.what, self.why = what, why


def malformed(why: str) -> RefusedError:
    return RefusedError("The request is not understood.", why)
