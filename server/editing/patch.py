"""A unified diff of one file: applied where its lines stand, to the letter, or not at all."""

import re
from dataclasses import dataclass, field

from perfdoctor.collectors.text import clean
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.editing.text import Text

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+\d{1,9}(?:,(\d{1,9}))? @@")
_BY_FEED, _BY_RETURN = re.compile(r"[^\n]*\n|[^\n]+"), re.compile(r"[^\r]*\r|[^\r]+")
_BEFORE_HUNKS = ("diff ", "index ", "--- ", "+++ ")
_NOT_TEXT = re.compile(r"(?:rename |copy |new file|deleted file|old mode|new mode|similarity |Binary |GIT binary)")
_Line = tuple[str, str]
"""(text, line end)"""


@dataclass(slots=True)
class _Hunk:
    """``old`` are the lines that must be there, ``new`` those that take their place, with the number of the old line
    where it stays. ``old_end`` and ``new_end``: whether the last line has a line end, None where the diff is silent."""

    at: int
    old: list[str] = field(default_factory=list)
    new: list[tuple[str, int | None]] = field(default_factory=list)
    old_end: bool | None = None
    new_end: bool | None = None
    last: str = ""
    """the mark of its last line so far"""


def patched(file: Text, diff: str, name: str) -> str:
    """The text of ``file`` (which is called ``name``) with ``diff`` applied. Line numbers are hints: a hunk goes where
    its old lines stand, once. ProblemError where they do not, and for a diff of anything but the text of one file."""
    lines = _lines(file)
    made: list[_Line] = []
    done = 0
    for number, hunk in enumerate(_parsed(diff, name), 1):
        at = _place(lines, hunk, done, number)
        made += lines[done:at]
        made += _new_lines(lines, hunk, at, file.newline)
        done = at + len(hunk.old)
    made += lines[done:]
    # (a line that was the last one, without an end, may have got others after it)
    return "".join(text + (end or (file.newline if i + 1 < len(made) else "")) for i, (text, end) in enumerate(made))


def _lines(file: Text) -> list[_Line]:
    found = []
    for one in (_BY_RETURN if file.newline == "\r" else _BY_FEED).findall(file.text):
        end = next((end for end in ("\r\n", "\n") if one.endswith(end)), "")
        if file.newline == "\r" and one.endswith("\r"):
            end = "\r"
        found.append((one[: len(one) - len(end)], end))
    return found


def _new_lines(lines: list[_Line], hunk: _Hunk, at: int, newline: str) -> list[_Line]:
    """What takes the place of a hunk's old lines. Whether the file ends in a line end stays as it is, unless the diff
    says otherwise (``\\ No newline at end of file``)."""
    here = lines[at][1] if at < len(lines) and lines[at][1] else newline
    made = [lines[at + kept] if kept is not None else (text, here) for text, kept in hunk.new]
    if made and at + len(hunk.old) == len(lines):
        text, _ = made[-1]
        bare = bool(lines) and not lines[-1][1]
        ends = hunk.new_end if hunk.new_end is not None else (hunk.old_end is False or not bare)
        made[-1] = (text, (made[-1][1] or here) if ends else "")
    return made


def _place(lines: list[_Line], hunk: _Hunk, done: int, number: int) -> int:
    """The index of the line where a hunk begins, not before ``done``."""
    size = len(hunk.old)
    if not size:
        return min(max(done, hunk.at), len(lines))
    texts = [text for text, _ in lines]
    told = hunk.at - 1
    if told >= done and texts[told : told + size] == hunk.old:
        return told
    found = [
        i for i in range(done, len(texts) - size + 1) if texts[i] == hunk.old[0] and texts[i : i + size] == hunk.old
    ]
    if len(found) == 1:
        return found[0]
    why = f"at lines {', '.join(str(i + 1) for i in found[:5])}" if found else "nowhere after the hunk before it"
    raise ProblemError(
        f"Hunk {number} of the diff does not fit.",
        f"Its old lines, which begin with {clean(hunk.old[0].strip(), 60)!r}, stand {why}.",
        "Read the lines with code-inspect, and write the diff of what is there, with three lines around each change.",
    )


def _parsed(diff: str, name: str) -> list[_Hunk]:
    lines = diff.replace("\r\n", "\n").rstrip("\n").split("\n")
    hunks: list[_Hunk] = []
    left = (0, 0)
    for i, line in enumerate(lines):
        if found := _HUNK.match(line):
            hunks.append(_Hunk(int(found[1])))
            left = (int(found[2] or 1), int(found[3] or 1))
            continue
        if not hunks or (left == (0, 0) and line.startswith(("diff ", "--- ")) and _begins_a_file(lines, i)):
            if hunks:
                raise _not_one("It changes several files")
            _check_head(line, name)
            continue
        left = _take(hunks[-1], line, left)
    if not hunks:
        raise _not_one("It has no hunk (@@ -1,3 +1,4 @@)")
    return hunks


def _begins_a_file(lines: list[str], i: int) -> bool:
    return lines[i].startswith("diff ") or (i + 1 < len(lines) and lines[i + 1].startswith("+++ "))


def _take(hunk: _Hunk, line: str, left: tuple[int, int]) -> tuple[int, int]:
    mark, text = line[:1] or " ", line[1:]
    old, new = left
    if mark == "\\":  # \ No newline at end of file
        if hunk.last in "- ":
            hunk.old_end = False
        if hunk.last in "+ ":
            hunk.new_end = False
        return left
    if line == "" and left == (0, 0):
        return left  # (between two hunks)
    if mark not in " -+":
        raise _not_one(f"A line of a hunk begins with {clean(mark, 4)!r} (a blank, - or + is meant)")
    if mark in " -":
        hunk.old.append(text)
        old = max(0, old - 1)
    if mark in " +":
        hunk.new.append((text, len(hunk.old) - 1 if mark == " " else None))
        new = max(0, new - 1)
    hunk.last = mark
    return old, new


def _check_head(line: str, name: str) -> None:
    if _NOT_TEXT.match(line):
        raise _not_one("It does more than change lines")
    if line.strip() and not line.startswith(_BEFORE_HUNKS):
        raise _not_one(f"Before its first hunk stands {clean(line, 40)!r}")
    if line.startswith(("--- ", "+++ ")):
        path = line[4:].split("\t", maxsplit=1)[0].strip()
        if path == "/dev/null":
            raise _not_one("It makes or removes a file")
        if path.rpartition("/")[2] != name:
            raise _not_one(f"It is of a file {clean(path, 60)!r}, and not of {clean(name, 60)!r}")


def _not_one(why: str) -> ProblemError:
    return ProblemError(
        "The diff cannot be applied.",
        f"{why}.",
        "Give a unified diff that changes the text of this one file, or exact edits.",
    )
