"""The line of code that a stack is charged to, and what that line was doing."""

from perfdoctor.diagnosis.user_code import user_frame
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Frame, Stack


def charged(stack: Stack, roots: tuple[str, ...]) -> Frame | None:
    """The innermost frame of the user's own code; without one the innermost that has a line; else the innermost."""
    own = user_frame(stack, roots)
    if own is not None:
        return own
    return next((frame for frame in stack if frame.file and frame.line), stack[0] if stack else None)


def location(frame: Frame) -> Location:
    """Where a frame is. Code without a source file is at home in its binary."""
    return Location(file=frame.file or frame.module, line=frame.line if frame.file else None, function=frame.function)


class Places:
    """The line that a stack is charged to, worked out once for each stack."""

    def __init__(self, roots: tuple[str, ...]) -> None:
        self._roots = roots
        self._known: dict[Stack, Location | None] = {}

    def of(self, stack: Stack) -> Location | None:
        if stack not in self._known:
            frame = charged(stack, self._roots)
            self._known[stack] = location(frame) if frame else None
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


def shortened(stack: Stack, frames: int) -> Stack:
    """The innermost ``frames`` of a stack; the recording keeps them all."""
    return stack[:frames]
