"""Which lines of the target's own code stand in a loop of their function, by the text of its files?

Who makes one request after the other is told by the loop that goes round them, and that may be some callers above the
line that sends. Indentation is enough: a loop's header stands above what it repeats, further to the left, and no head
of a function is between.
"""

import re
from collections.abc import Iterable, Iterator

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.runtimes.own_files import may_be_own
from perfdoctor.collectors.runtimes.target_files import lines_of
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.network import NetworkUse, RepeatedLine

_MOST_LINES = 256
_MOST_FILES = 32
_STACKS = 64
"""that waited for longest, and that ran for longest"""
_UPWARDS = 400
_KINDS = (FrameKind.PYTHON, FrameKind.JAVASCRIPT, FrameKind.JAVA, FrameKind.NATIVE)
_LOOP = re.compile(r"\s*(?:\}?\s*(?:async\s+)?(?:for|while|foreach|do|until)\b|'?\w*:?\s*loop\s*\{|.*\.forEach\()")
_NO_CODE = re.compile(r"//.*|#\s.*|/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
# What opens a block without being a function: all else that ends in a bracket or colon does.
_BLOCK = re.compile(
    r"\s*(?:\}\s*)?(?:else|elif|if|try|except|catch|finally|with|async\s+with|switch|select|match|case|default|unsafe|synchronized"
    r"|using|lock|defer|go)\b|\s*[{(\[]|.*(?:[,(\[=]|&&|\|\||\?)$"
)
_FUNCTION = re.compile(r"\b(?:def|func|fn|function|lambda|class)\b|=>\s*\{?\s*$|\|[\w\s,&:]*\|\s*\{\s*$|[{:]\s*$")


def with_repeated(host: Host, evidence: Evidence) -> Evidence:
    """The same evidence, whose peers' part knows which lines stand in a loop."""
    if evidence.network is None or not evidence.network.peers:
        return evidence
    found = tuple(_repeated(host, dict.fromkeys(_lines(evidence, evidence.network))))
    return evidence.model_copy(update={"network": evidence.network.model_copy(update={"repeated": found})})


def _lines(evidence: Evidence, use: NetworkUse) -> Iterator[tuple[int, str, int]]:
    """Process, file and line of what asks peers, and of what runs most: it may ask by a library that sends later."""
    asks = sorted((row for peer in use.peers for row in peer.rows), key=lambda row: -row.wait_seconds)[:_STACKS]
    runs = sorted(evidence.cpu.rows if evidence.cpu else (), key=lambda row: -row.seconds)[:_STACKS]
    for pid, stack in (*((row.pid, row.stack) for row in asks), *((row.pid, row.stack) for row in runs)):
        yield from ((pid, frame.file or "", frame.line or 0) for frame in _own(stack))


def _own(stack: Stack) -> Iterable[Frame]:
    return (f for f in stack if f.kind in _KINDS and f.line and may_be_own(f.file or ""))


def _repeated(host: Host, lines: Iterable[tuple[int, str, int]]) -> Iterator[RepeatedLine]:
    files: dict[tuple[int, str], list[str]] = {}
    told = set[tuple[str, int]]()
    for n, (pid, file, line) in enumerate(lines):
        if n >= _MOST_LINES:
            return
        if (pid, file) not in files:
            if len(files) >= _MOST_FILES:
                continue
            files[pid, file] = lines_of(host, pid, file)
        if (file, line) not in told and stands_in_loop(files[pid, file], line):
            told.add((file, line))
            yield RepeatedLine(file=file, line=line)


def stands_in_loop(text: list[str], number: int) -> bool:
    """Whether line ``number`` (from 1) is repeated by a loop of the function that it is in. A loop's own header is too:
    what it asks is asked each time round."""
    if not 0 < number <= len(text):
        return False
    own = _code(text[number - 1])
    if _LOOP.match(own):
        return True
    within = _indent(own)
    for i in range(number - 2, max(-1, number - 2 - _UPWARDS), -1):
        line = _code(text[i])
        if not line.strip() or _indent(line) >= within:
            continue
        if _LOOP.match(line):
            return True
        if _FUNCTION.search(line) and not _BLOCK.match(line):
            return False
        within = _indent(line)
        if within == 0:
            return False
    return False


def _code(line: str) -> str:
    return _NO_CODE.sub('""', line).rstrip()


def _indent(line: str) -> int:
    return len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
