"""Which lines of the target's own code stand in a loop of their function, by the text of its files?

Who makes one request after the other is told by the loop that goes round them, and that may be some callers above the
line that sends. Where the language is one that ``sources.py`` parses, its tree says so. Of others (Ruby, PHP, Perl,
Kotlin), and where a tree is broken, only indentation is read: a loop's header stands above what it repeats, further to
the left, and no head of a function is between. That knows of no loop that hands its rounds to a function
(``each do |shop|``), and takes one that stands in a text of several lines for a loop.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.asking.chains import is_asked_in_a_chain, is_chained
from perfdoctor.collectors.source_text.own_files import may_be_own
from perfdoctor.collectors.source_text.sources import Source, Sources, SourcesOfAll
from perfdoctor.collectors.source_text.syntax import Loop
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.network import NetworkUse, RepeatedLine

if TYPE_CHECKING:
    from tree_sitter import Node

_MOST_LINES = 256
_STACKS = 64
"""that waited for longest, and that ran for longest"""
_UPWARDS = 400
_FOR_EACH = ("forEach", "for_each")
_KINDS = (FrameKind.PYTHON, FrameKind.JAVASCRIPT, FrameKind.JAVA, FrameKind.NATIVE)
_LOOP = re.compile(r"\s*(?:\}?\s*(?:async\s+)?(?:for|while|foreach|do|until)\b|'?\w*:?\s*loop\s*\{|.*\.forEach\()")
_NO_CODE = re.compile(r"//.*|#\s.*|/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
# What opens a block without being a function: all else that ends in a bracket or colon does.
_BLOCK = re.compile(
    r"\s*(?:\}\s*)?(?:else|elif|if|try|except|catch|finally|with|async\s+with|switch|select|match|case|default|unsafe|synchronized"
    r"|using|lock|defer|go)\b|\s*[{(\[]|.*(?:[,(\[=]|&&|\|\||\?)$"
)
_FUNCTION = re.compile(r"\b(?:def|func|fn|function|lambda|class)\b|=>\s*\{?\s*$|\|[\w\s,&:]*\|\s*\{\s*$|[{:]\s*$")


def with_repeated(sources: SourcesOfAll, evidence: Evidence) -> Evidence:
    """The same evidence, whose peers' part knows which lines stand in a loop."""
    if evidence.network is None or not evidence.network.peers:
        return evidence
    found = tuple(_repeated(sources, dict.fromkeys(_lines(evidence, evidence.network))))
    return evidence.model_copy(update={"network": evidence.network.model_copy(update={"repeated": found})})


def _lines(evidence: Evidence, use: NetworkUse) -> Iterator[tuple[int, str, int]]:
    """Process, file and line of what asks peers, and of what runs most: it may ask by a library that sends later. And
    of who awaits what is asked so."""
    yield from ((asks.pid, asks.awaited.file, asks.awaited.line) for asks in use.asking if asks.awaited)
    asks = sorted((row for peer in use.peers for row in peer.rows), key=lambda row: -row.wait_seconds)[:_STACKS]
    runs = sorted(evidence.cpu.rows if evidence.cpu else (), key=lambda row: -row.seconds)[:_STACKS]
    for pid, stack in (*((row.pid, row.stack) for row in asks), *((row.pid, row.stack) for row in runs)):
        yield from ((pid, frame.file or "", frame.line or 0) for frame in _own(stack))


def _own(stack: Stack) -> Iterable[Frame]:
    return (f for f in stack if f.kind in _KINDS and f.line and may_be_own(f.file or ""))


def _repeated(sources: SourcesOfAll, lines: Iterable[tuple[int, str, int]]) -> Iterator[RepeatedLine]:
    told = set[tuple[str, int]]()
    for pid, file, line in islice(lines, _MOST_LINES):
        if (file, line) not in told and _is_repeated(sources.of(pid), file, line):
            told.add((file, line))
            each = list(_in_each_round(sources.of(pid), file, line))
            source = sources.of(pid).of(file)
            yield RepeatedLine(
                file=file,
                line=line,
                pauses=any(map(_pauses, each)),
                takes=any(map(_takes, each)),
                chained=source is not None and is_chained(source, line),
                again=source is not None and only_tries_again(source, line),
                until=source is not None and asks_until(source, line),
            )
        elif (file, line) not in told and (source := sources.of(pid).of(file)) and is_asked_in_a_chain(source, line):
            told.add((file, line))
            yield RepeatedLine(file=file, line=line, chained=True)


def _is_repeated(sources: Sources, file: str, line: int) -> bool:
    source = sources.of(file)
    if source is None or source.is_broken_at(line):
        return stands_in_loop(sources.lines(file), line)
    return is_repeated(source, line)


def is_repeated(source: Source, line: int) -> bool:
    """Whether a line is repeated by a loop of the function that it is in. A loop's own header is too: what it asks is
    asked each time round."""
    if any(_loops_around(source, line)) or _hands_on(source, line):
        return True
    return _is_called_in_loop(source, line)


def _in_each_round(sources: Sources, file: str, line: int) -> Iterator["Node"]:
    """What the innermost loop around a line does in each round, without what it does in loops within it."""
    source = sources.of(file)
    if source is None or source.is_broken_at(line):
        return
    around = next(_loops_around(source, line), None)
    if around is None or around.body is None:
        return
    inner = {loop.node.id for loop in syntax.loops_in(around.body)}
    yield from syntax.within(around.body, without=inner)


def _pauses(each: "Node") -> bool:
    return each.type in grammar.CALLS and syntax.called_name(each) in grammar.SLEEPS


def _takes(each: "Node") -> bool:
    """Whether it waits for a piece of work: ``queue.get()``, ``receiver.recv()``, ``<-jobs``."""
    if each.type == "unary_expression":
        return any(child.type == "<-" for child in each.children)
    if each.type not in grammar.CALLS or syntax.owner_of_call(each) is None:
        return False
    given = [one for one in syntax.arguments_of(each) if one.type != "keyword_argument"]
    return syntax.called_name(each) in grammar.TAKES_WORK and not given


def _hands_on(source: Source, line: int) -> bool:
    """Whether a line has a function with a name called for each of something."""
    node = source.at(line)
    inside = syntax.within(node, functions=True, line=line) if node is not None else ()
    return any(each.type in grammar.CALLS and syntax.called_name(each) in _FOR_EACH for each in inside)


def _is_called_in_loop(source: Source, line: int) -> bool:
    """Whether a line is in a function that is handed to another one of the file, which calls it in a loop:
    ``along(trail, func(hut Hut) error { … })``."""
    node = source.at(line)
    function = syntax.function_around(node) if node is not None else None
    call = next(islice(syntax.around(function), 2, 3), None) if function is not None else None
    if call is None or call.type not in grammar.CALLS:
        return False
    at = next((place for place, given in enumerate(syntax.arguments_of(call)) if given == function), None)
    other = source.functions.get(syntax.called_name(call))
    parameters = syntax.parameters_of(other) if other is not None else []
    if at is None or other is None or at >= len(parameters):
        return False
    calls = (each for each in syntax.calls_in(other, functions=True) if syntax.called_name(each) in parameters[at])
    return any(
        loop.node.start_byte > other.start_byte
        for each in calls
        if syntax.owner_of_call(each) is None
        for loop in syntax.loops_around(each)
    )


def _loops_around(source: Source, line: int) -> Iterator[Loop]:
    """The loops that come by a line in each round, inner ones first."""
    return (loop for loop in source.loops_at(line) if not _is_once(loop, line))


def _is_once(loop: Loop, line: int) -> bool:
    """Whether a loop comes by a line once: one below its head that is of what it goes over, or of its ``else``."""
    if loop.body is None or line <= loop.line or syntax.holds(loop.body, line):
        return False
    otherwise = loop.node.child_by_field_name("alternative")
    # (of a comprehension only what it goes over outermost is asked for once)
    over = () if loop.counted else loop.over[:1]
    return any(syntax.holds(part, line) for part in (*over, otherwise) if part is not None)


def only_tries_again(source: Source, line: int) -> bool:
    """Whether the loops around a line leave behind it, so that they go on only to try again."""
    around = list(_loops_around(source, line))
    return bool(around) and all(loop.body is not None and _leaves_behind(loop.body, line) for loop in around)


def asks_until(source: Source, line: int) -> bool:
    """Whether the loop around a line asks, and pauses, until an answer has something in it: ``made = ask(key)``,
    ``if made is not None: return made``, ``sleep(0.01)``."""
    loop = next(_loops_around(source, line), None)
    if loop is None or loop.body is None or (loop.over and not loop.counted):
        return False
    inside = list(syntax.within(loop.body))
    told = set[str]()
    for each in inside:
        if (target := syntax.target_of(each)) is not None and syntax.holds(each, line):
            told |= syntax.targets_in(target)
    leaves = (each for each in inside if each.type in grammar.IFS and _leaves_with(each, told))
    return any(leaves) and any(_pauses(each) for each in inside)


def _leaves_with(condition: "Node", told: set[str]) -> bool:
    """Whether a condition on these names ends a loop."""
    asked = condition.child_by_field_name("condition")
    body = condition.child_by_field_name("consequence")
    if asked is None or body is None or not syntax.names_in(asked) & told:
        return False
    return _ends_by_leaving(body) or body.type.startswith(("return", "break"))


def _leaves_behind(block: "Node", line: int) -> bool:
    """Whether a block leaves its loop or function at the end of what a line is in: ``try: return ask(url)``."""
    tried = [each for each in block.named_children if each.type.startswith("try") and syntax.holds(each, line)]
    for each in tried:
        body = each.child_by_field_name("body")
        if body is not None and syntax.holds(body, line) and _leaves_behind(body, line):
            return True
    return _ends_by_leaving(block)


def _ends_by_leaving(block: "Node", depth: int = 0) -> bool:
    """``return``, ``break``, or a ``with`` that ends by one."""
    last = next((each for each in reversed(block.named_children) if not each.type.endswith("comment")), None)
    if last is None or last.type.startswith(("return", "break")):
        return last is not None
    body = last.child_by_field_name("body") if last.type.startswith("with") else None
    body = last if last.type in grammar.BLOCKS else body  # (Go has a list of statements in a block)
    return body is not None and depth < syntax.DEEPEST and _ends_by_leaving(body, depth + 1)


def stands_in_loop(text: list[str], number: int) -> bool:
    """The same of line ``number`` (from 1) of a text in any language, by indentation."""
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
