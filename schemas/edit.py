"""A change of a source file."""

from enum import StrEnum

from perfdoctor.schemas.model import Model
from perfdoctor.schemas.recording import NextCall


class EditState(StrEnum):
    SHOWN = "shown"
    """nothing was changed: a dry run"""
    APPLIED = "applied"


class EditAnswer(Model):
    """``token`` stands for this very change of this very file: applying it takes both. ``edit`` is the id by which it
    can be taken back. ``asked`` says whether the user was asked, and if not, why. ``encoding`` and ``line_ends`` were
    found and kept; ``warnings`` say what could not be kept."""

    file: str
    state: EditState
    summary: str
    token: str | None
    edit: str | None
    asked: str
    added: int
    removed: int
    encoding: str
    line_ends: str
    diff: tuple[str, ...]
    omitted_lines: int
    warnings: tuple[str, ...]
    next: tuple[NextCall, ...]
