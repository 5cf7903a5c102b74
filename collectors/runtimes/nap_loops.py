"""What is the loop around a sleep for? By the text of its source, as anybody would read it there.

A goroutine that sleeps 1 ms again and again may ask for something that is not there, or do a little work at a pace: the
runtime cannot tell them apart, but the text can. A sleep below ``if job == nil`` follows a look that found nothing; one
in a loop that does nothing but look (``if done { return }``) asks. All else is taken for a pace. The text is the
target's own, so it is bounded; what is told is a kind, never the text.
"""

import re
from collections.abc import Sequence

from perfdoctor.schemas.goroutines import NapLoop

_AROUND = 60
"""lines before and behind the sleep that are read"""
_LONGEST = 300
_NO_CODE = re.compile(r'//.*|/\*.*?\*/|"(?:\\.|[^"\\])*"|`[^`]*`|\'(?:\\.|[^\'\\])*\'')
_SLEEP = re.compile(r"(?:\w+\.)?Sleep\((.*)\)$")
_OF_TIME = re.compile(r"\s-\s|\b(?:Until|Since|Sub)\(|\btime\.Now\b")
"""what is left of a frame, or till a moment: a pace"""
_IF = re.compile(r"(?:\}\s*else\s+)?if\s+(.*)\{$")
_FOR = re.compile(r"(?:\w+:\s*)?for\b\s*(.*?)\s*\{$")
_MISSED = re.compile(
    r"(?<![=!<>])!\s*[\w(]|(?<!err )==\s*(?:nil|0|false|\"\")|<=\s*0\b|<\s*1\b"
    r"|\b[eE]rr\w*\s*!=\s*nil|errors\.(?:Is|As)\(|Empty\("
)
_UNEQUAL = re.compile(r"==(?!\s*true\b)|<")
_EACH_NTH = re.compile(r"%|\b[eE]rr\w*\s*==\s*nil")
"""a pause after so many, or after what went well"""
_LEAVES = re.compile(r"(?:return\b.*|break\b.*|continue\b.*|goto \w+|panic\(.*)$")
_LOCKS = re.compile(r"[\w.]+\.R?(?:Lock|Unlock)\(\)$|runtime\.Gosched\(\)$")
_COUNTS = re.compile(
    r"continue(?: \w+)?$|[\w.]+(?:\+\+|--)$|[\w.]+\.(?:Inc\(\)|Add\(1\))$|atomic\.Add\w+\(&[\w.]+, 1\)$"
)
_STEPS = re.compile(r"(\w+)(?:\+\+|--)$")
_ASSIGNS = re.compile(r"(?:var\s+)?([\w.\[\], ]+?)\s*(?::=|[-+]?=(?!=))\s*(.*)$")
_STOPS = re.compile(r"\b(?:ctx|context)\w*\.Err\(\)")
_WORDS = re.compile(r"[A-Za-z_]\w*")


def nap_loop(lines: Sequence[str], line: int) -> NapLoop | None:
    """Of the sleep in ``line``, from 1; None where the text is another one by now, or cannot be followed."""
    first = max(0, line - 1 - _AROUND)
    text = _Text([_code_of(each[:_LONGEST]) for each in lines[first : line + _AROUND]])
    at = line - 1 - first
    sleep = _SLEEP.fullmatch(text.lines[at]) if 0 <= at < len(text.lines) else None
    if sleep is None:
        return None
    opens = text.opens(at)
    if opens is None:
        return None
    if loop := _FOR.fullmatch(text.lines[opens]):
        asks = not _OF_TIME.search(sleep[1]) and _only_asks(text, opens, at, loop[1])
        return NapLoop.ASKS if asks else NapLoop.PACED
    return _below_a_condition(text, opens, at, sleep[1])


def _code_of(line: str) -> str:
    return _NO_CODE.sub(lambda found: "" if found[0][0] == "/" else '""', line).strip()


class _Text:
    """Lines of a source without comments and texts, as gofmt leaves them: a block begins at the end of a line."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def opens(self, at: int) -> int | None:
        """The line that opens the block that ``at`` is in, without the braces of ``at`` itself."""
        depth = 0
        for i in range(at - 1, -1, -1):
            for letter in reversed(self.lines[i]):
                if letter == "}":
                    depth += 1
                elif letter == "{":
                    if not depth:
                        return i
                    depth -= 1
        return None

    def closes(self, opens: int) -> int | None:
        """The line that closes the block that is opened at the end of the line ``opens``."""
        depth = 1
        for i in range(opens + 1, len(self.lines)):
            for letter in self.lines[i]:
                depth += (letter == "{") - (letter == "}")
                if not depth:
                    return i
        return None


def _below_a_condition(text: _Text, opens: int, at: int, argument: str) -> NapLoop | None:
    """The sleep is in a block that is no loop."""
    opened, last = _whole(text, opens)
    if opened is None or last is None:
        return None
    outer = text.opens(opened)
    loop = _FOR.fullmatch(text.lines[outer]) if outer is not None else None
    end = text.closes(outer) if outer is not None else None
    if outer is None or loop is None or end is None or "range" in loop[1] or _OF_TIME.search(argument):
        return NapLoop.PACED
    before, behind = text.lines[outer + 1 : opened], text.lines[last + 1 : end]
    if text.lines[opens].startswith("select"):
        return _in_select(text, opens, at, last, alone=not any((*before, *behind)))
    head, own = _IF.fullmatch(text.lines[opened]), _IF.fullmatch(text.lines[opens])
    if head is None or not _missed(head[1], own[1] if own else None):
        return NapLoop.PACED
    closes = text.closes(opens) or last
    rest = [each for each in text.lines[opens + 1 : closes] if each and not _SLEEP.fullmatch(each)]
    if not all(_LOCKS.match(each) or _COUNTS.match(each) or _ASSIGNS.fullmatch(each) for each in rest):
        return NapLoop.PACED
    asked = set(_WORDS.findall(own[1] if own else head[1]))
    if any(asked & _assigned(each) for each in rest):
        return NapLoop.PACED  # (a burst is over, and the next one may begin)
    if any(each.startswith("continue") for each in rest):
        return NapLoop.EMPTY
    # Without a word that it looks again it must be the loop's last, and ask about what was found in the loop.
    found = ":=" in head[1] or last != closes or opens != opened or any(asked & _assigned(each) for each in before)
    return NapLoop.EMPTY if found and not any(behind) else NapLoop.PACED


def _whole(text: _Text, opens: int) -> tuple[int | None, int | None]:
    """The first and the last line of the ``if`` with all that is else, one block of which begins at ``opens``."""
    opened: int | None = opens
    while opened is not None and text.lines[opened].startswith("}"):
        opened = _back_to(text, opened)
    last = text.closes(opens)
    while last is not None and text.lines[last].endswith("{"):
        last = text.closes(last)
    return opened, last


def _missed(first: str, own: str | None) -> bool:
    """Whether nothing was found, by the condition of the block itself; without one it is that of the first not met."""
    if own is None:
        return not _MISSED.search(first)
    return bool(_MISSED.search(own) or _UNEQUAL.search(own)) and not _EACH_NTH.search(own)


def _assigned(line: str) -> set[str]:
    found = _STEPS.fullmatch(line) or _ASSIGNS.fullmatch(line)
    return set(_WORDS.findall(found[1])) if found else set()


def _in_select(text: _Text, opens: int, at: int, closes: int, *, alone: bool) -> NapLoop:
    """Below ``default``: nothing has come. What comes is work, or a word to stop: then it is a poll if alone."""
    if not _is_default(text, opens, at):
        return NapLoop.PACED
    lines = text.lines[opens + 1 : closes]
    rest = [each for each in _of_case(text, opens, at, closes) if each and not _SLEEP.fullmatch(each)]
    if not all(_LOCKS.match(each) or _COUNTS.match(each) for each in rest):
        return NapLoop.PACED
    works = [each for each in lines if each and not each.startswith(("case ", "default:")) and each not in rest]
    if all(_LEAVES.match(each) or _SLEEP.fullmatch(each) or "<-" in each for each in works):
        return NapLoop.ASKS if alone else NapLoop.PACED
    return NapLoop.EMPTY


def _back_to(text: _Text, at: int) -> int | None:
    """From the line ``} else {`` to the one whose block ends there."""
    depth = 1
    for i in range(at - 1, -1, -1):
        for letter in reversed(text.lines[i]):
            depth += (letter == "}") - (letter == "{")
            if not depth:
                return i
    return None


def _is_default(text: _Text, opens: int, at: int) -> bool:
    label = next((each for each in reversed(text.lines[opens + 1 : at]) if each.startswith(("case ", "default:"))), "")
    return label == "default:"


def _of_case(text: _Text, opens: int, at: int, closes: int) -> list[str]:
    """The lines of the case of a select that ``at`` is in."""
    labels = [i for i in range(opens + 1, closes) if text.lines[i].startswith(("case ", "default:"))]
    begin = max((i for i in labels if i < at), default=opens)
    return text.lines[begin + 1 : min((i for i in labels if i > at), default=closes)]


def _only_asks(text: _Text, opens: int, at: int, head: str) -> bool:
    """Whether a loop with a sleep in it does nothing else than to look whether it may end, or may go on."""
    closes = text.closes(opens)
    if closes is None or "range" in head or _OF_TIME.search(head):
        return False
    locks = [each for each in text.lines[opens + 1 : at] if _LOCKS.match(each) and "ock()" in each]
    if locks and not locks[-1].endswith("Unlock()"):
        return False  # (it sleeps while it holds a lock: as work would)
    counts = ";" in head
    asked, looked_at, made = bool(head) and not counts, set(_WORDS.findall(head)), list[set[str]]()
    i = opens + 1
    while i < closes:
        each = text.lines[i]
        if not each or i == at or _LOCKS.match(each):
            i += 1
            continue
        if each.startswith(("if ", "select {")):
            end = text.closes(i) if each.endswith("{") else None
            if end is None or text.lines[end] != "}":
                return False
            inside = text.lines[i + 1 : end]
            answer = _looks(each) if each.startswith("if ") else _is_asked_to_stop(inside)
            if answer is None or not any(_LEAVES.match(line) for line in inside):
                return False
            asked = asked or answer
            looked_at |= set(_WORDS.findall(each)) if answer else set()
            i = end + 1
            continue
        assigned = _STEPS.fullmatch(each) or _ASSIGNS.fullmatch(each)
        if assigned is None or "<-" in each or each.endswith(("{", "(")):
            return False
        made.append(set(_WORDS.findall(assigned[1])))
        i += 1
    return asked and all(names & looked_at for names in made)


def _looks(head: str) -> bool | None:
    """Whether an ``if`` that leaves the loop was told something. None: it did something, which may have failed."""
    found = _IF.fullmatch(head)
    if found is None or "<-" in found[1]:
        return None
    if _STOPS.search(found[1]) or _OF_TIME.search(found[1]):
        return False
    if _MISSED.search(found[1]):
        return None if "(" in found[1] else False
    return True


def _is_asked_to_stop(inside: Sequence[str]) -> bool | None:
    """Of a select without a wait: all that it does is to leave."""
    plain = all(not each or each.startswith(("case <-", "default:")) or _LEAVES.match(each) for each in inside)
    return True if plain and "default:" in inside else None
