"""Where in the code: one frame, and a stack of them."""

from enum import StrEnum

from pydantic import Field

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


Stack = tuple[Frame, ...]
"""Innermost frame first. Empty: no stack could be read (and it was counted)."""
