"""Exact replacements: each text must be in the file once, and takes nothing else with it."""

import re
from bisect import bisect_left
from collections.abc import Sequence

from perfdoctor.collectors.text import quoted
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.editing.text import Text

_SHOWN = 5


def replaced(file: Text, edits: Sequence[tuple[str, str]]) -> str:
    """The text of ``file`` after each (old, new), one after the other. Line ends of any kind match each other; new
    lines get those of the text that they replace. ProblemError where a text is not there exactly once."""
    text = file.text
    for number, (old, new) in enumerate(edits, 1):
        text = _one(text, file.newline, _plain(old), _plain(new), f"edit {number}")
    return text


def _one(text: str, newline: str, old: str, new: str, which: str) -> str:
    plain, ends = _with_plain_ends(text, newline)
    at = plain.find(old)
    if at < 0:
        raise _not_there(plain, old, which)
    if plain.find(old, at + 1) >= 0:
        raise _several(plain, old, which)
    start, stop = _original(ends, at), _original(ends, at + len(old))
    return text[:start] + new.replace("\n", _end_of(text[start:stop], newline)) + text[stop:]


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")


def _with_plain_ends(text: str, newline: str) -> tuple[str, list[int]]:
    """The text with \\n for line ends, and where in it those are that were \\r\\n."""
    if newline == "\r":
        return text.replace("\r", "\n"), []
    if "\r\n" not in text:
        return text, []
    ends = [found.start() - number for number, found in enumerate(re.finditer("\r\n", text))]
    return text.replace("\r\n", "\n"), ends


def _original(ends: list[int], at: int) -> int:
    """An offset in the text with plain line ends, in the text itself."""
    return at + bisect_left(ends, at)


def _end_of(segment: str, newline: str) -> str:
    """The line end of what is replaced, where it has but one kind; else that of most lines."""
    both = segment.count("\r\n")
    if newline == "\r" or not segment.count("\n"):
        return newline
    return "\r\n" if both == segment.count("\n") else "\n" if both == 0 else newline


def _not_there(plain: str, old: str, which: str) -> ProblemError:
    loose = r"\s+".join(re.escape(word) for word in old.split()[:200])
    near = re.search(loose, plain) if loose else None
    hint = f" With other spaces or line breaks it is at line {_line(plain, near.start())}." if near else ""
    return ProblemError(
        f"The old text of {which} is not in the file.",
        f"It must stand there to the letter, indentation included.{hint}",
        "Read the lines with code-inspect, and give them as they are.",
    )


def _several(plain: str, old: str, which: str) -> ProblemError:
    places: list[str] = []
    at = plain.find(old)
    while at >= 0 and len(places) <= _SHOWN:
        places.append(str(_line(plain, at)))
        at = plain.find(old, at + 1)
    more = " and more" if len(places) > _SHOWN else ""
    return ProblemError(
        f"The old text of {which} is in the file more than once.",
        f"It begins at lines {', '.join(places[:_SHOWN])}{more}: which of them is meant is not clear.",
        f"Give more of the lines around it, so that {quoted(old.strip(), 40)} is there once.",
    )


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
