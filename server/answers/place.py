"""The line of code that a stack is charged to, and what that line was doing."""

from perfdoctor.diagnosis.user_code import charged, is_user_code, user_frame
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Frame, Stack


def location(frame: Frame, roots: tuple[str, ...]) -> Location:
    """Where a frame is, and whether it is library code. Code without a source file is at home in its binary."""
    return Location(
        file=frame.file or frame.module,
        line=frame.line if frame.file else None,
        function=frame.function,
        library=not frame.function.startswith("[") and not is_user_code(frame, roots),
    )


class Places:
    """The line that a stack is charged to, worked out once for each stack."""

    def __init__(self, roots: tuple[str, ...]) -> None:
        self._roots = roots
        self._known: dict[Stack, Location | None] = {}

    def of(self, stack: Stack) -> Location | None:
        if stack not in self._known:
            frame = charged(stack, self._roots)
            self._known[stack] = location(frame, self._roots) if frame else None
        return self._known[stack]


UNNAMED = "[unknown]"


def below(stack: Stack, frame: Frame | None) -> str:
    """The function that ``frame`` had called when the stack was taken: the innermost one, empty for itself; where a
    stripped binary names none, the binary."""
    if not stack or stack[0] == frame:
        return ""
    if stack[0].function == UNNAMED and stack[0].module:
        return stack[0].module.rpartition("/")[2]
    return stack[0].function


class Cut:
    """Stacks as an answer shows them; the recording keeps them whole."""

    def __init__(self, frames: int, roots: tuple[str, ...]) -> None:
        self._frames, self._roots = frames, roots

    def of(self, stack: Stack) -> Stack:
        """The innermost frames. The first of the user's own is marked, and always there: where it lies further out it
        is the last, after a frame that counts those left out between."""
        own = user_frame(stack, self._roots)
        if own is None:
            return stack[: self._frames]
        at = stack.index(own)
        marked = own.model_copy(update={"user": True})
        if at < self._frames:
            return (*stack[:at], marked, *stack[at + 1 : self._frames])
        inner = max(0, self._frames - 2)
        between = Frame(kind=stack[inner].kind, function=f"[{at - inner} frames]")
        return (*stack[:inner], between, marked)

    def callers_left_out(self, stack: Stack) -> int:
        own = user_frame(stack, self._roots)
        return max(0, len(stack) - max(self._frames, stack.index(own) + 1 if own else 0))
