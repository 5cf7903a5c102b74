"""Where in the code: one frame, and a stack of them."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from perfdoctor.schemas.model import Model


class FrameKind(StrEnum):
    PYTHON = "python"
    JAVASCRIPT = "javascript"
    JAVA = "java"
    NATIVE = "native"
    KERNEL = "kernel"


THREAD_POOL = "[thread pool of libuv]"
"""a frame between what a thread of that pool did and the JavaScript that had asked for it, on another thread, before"""


class Frame(Model):
    """One function activation.

    ``function`` is the qualified name (Python) or the demangled symbol (native); ``file`` and ``line`` are
    the source position that was executing, None where the binary does not say. ``module`` is the binary
    a native frame was loaded from. All text comes from the target: it is data, already stripped of control
    characters and bounded in length. ``user`` marks, in an answer, the first frame of the user's own code.
    """

    kind: FrameKind
    function: str
    file: str | None = None
    line: int | None = None
    module: str | None = None
    user: bool = Field(default=False, exclude_if=lambda marked: not marked)


class OneOfEach(dict[Frame, Frame]):
    """Given as ``context`` where what was kept is read again: frames that are equal become one object. A window has a
    thousand different ones, and half a million in its stacks."""


def _with_shared(stack: tuple[Frame, ...], info: ValidationInfo) -> tuple[Frame, ...]:
    known = info.context
    return tuple(known.setdefault(frame, frame) for frame in stack) if isinstance(known, OneOfEach) else stack


Stack = Annotated[tuple[Frame, ...], AfterValidator(_with_shared)]
"""Innermost frame first. Empty: no stack could be read (and it was counted)."""
