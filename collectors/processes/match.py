"""How well does a process fit the words that somebody asked for?"""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from perfdoctor.collectors.redact import redact_arguments

_INTERPRETER = re.compile(r"(?:python|pypy|node|nodejs|ruby|perl|php|java|bash|sh)[\d.]*$")
_TAKES_VALUE = {"-W", "-X", "-cp", "-classpath", "--class-path", "-r", "--require", "--loader", "--import"}
_SAYS_WHAT = {"-m", "-jar", "--module"}
_INLINE = {"-c", "-e", "--eval", "-"}
_SEPARATORS = re.compile(r"[\s/=:,]+")


class Fit(NamedTuple):
    """``quality`` from 1 (some part of the command line) to 6 (its very pid); ``why`` in words."""

    quality: int
    why: str


def fit(query: str, pid: int, name: str, arguments: Sequence[str]) -> Fit | None:
    """None when the process does not fit. Upper and lower case are the same.

    Secrets of the command line do not count: whoever may ask must not learn them by guessing.
    """
    wanted = query.strip().lower()
    if wanted == str(pid):
        return Fit(6, "pid")
    names = {name.lower(): "name"}
    if arguments:
        names.setdefault(PurePosixPath(arguments[0]).name.lower(), "program")
    script = script_of(arguments)
    if script:
        names.setdefault(script.lower(), "script")
        names.setdefault(PurePosixPath(script).stem.lower(), "script")
    for quality, fits, how in (
        (5, str.__eq__, ""),
        (4, str.startswith, " begins with it"),
        (3, str.__contains__, " contains it"),
    ):
        for text, kind in names.items():
            if fits(text, wanted):
                return Fit(quality, kind + how)
    command = " ".join(redact_arguments(arguments, 1024)).lower()
    words = wanted.split()
    if words and set(words) <= set(_SEPARATORS.split(command)):
        return Fit(2, "command line")
    if words and all(word in command for word in words):
        return Fit(1, "part of the command line")
    return None


def script_of(arguments: Sequence[str]) -> str | None:
    """What an interpreter was told to run: the file name of a script, the name of a module or of an archive."""
    if not arguments or not _INTERPRETER.match(PurePosixPath(arguments[0]).name):
        return None
    rest = iter(arguments[1:])
    for argument in rest:
        if argument in _SAYS_WHAT:
            return PurePosixPath(next(rest, "")).name or None
        if argument in _INLINE:
            return None
        if argument in _TAKES_VALUE:
            next(rest, None)
        elif not argument.startswith("-"):
            return PurePosixPath(argument).name or None
    return None
