"""What do the hottest lines of compiled code do, by their own text?

Where a function of a library does the work, its name says what is done. A loop that the program wrote itself, or that
its compiler put in place of the call, has no name: but its text says whether it walks a linked list, compares one
element after the other, or moves the rest of a list, as anybody would read it there. The kind is kept, not the text.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from perfdoctor.collectors.source_text.algorithms.algorithms import algorithm_at
from perfdoctor.collectors.source_text.algorithms.joins import At
from perfdoctor.collectors.source_text.hot_lines import WORTH, hot_lines, hot_stacks
from perfdoctor.collectors.source_text.own_files import may_be_own
from perfdoctor.collectors.source_text.pausing.spinning import spinning
from perfdoctor.collectors.source_text.shapes.backtracking import backtracking
from perfdoctor.collectors.source_text.shapes.few_searched import few_searched
from perfdoctor.collectors.source_text.shapes.logins import logins
from perfdoctor.collectors.source_text.shapes.rewrites import rewritten
from perfdoctor.collectors.source_text.sources import SourcesOfAll
from perfdoctor.schemas.cpu import CpuProfile, CpuRow, LineShape, ShapedLine
from perfdoctor.schemas.frame import FrameKind

_MOST_LINES = 48
_MOST_STACKS = 64
_CALLERS = 8
_FRAMES = 6
"""from the inner end: below the program's own line there may be some of a library"""
_TOLD = (FrameKind.NATIVE, FrameKind.JAVASCRIPT, FrameKind.JAVA, FrameKind.PYTHON)
_LONGEST_BODY = 8
"""lines; a loop that does more than to look is longer"""
_UPWARDS = 8
_NO_CODE = re.compile(r"//.*|/\*.*?\*/|#\[.*?\]|\"(?:\\.|[^\"\\])*\"")
_HEADER = re.compile(r"\s*(?:\}?\s*(?:for|while)\b|'\w+:\s*(?:for|while)\b|for\s*\{)")
# flow = flow->next    node := node.next    cur = &n.next    e = e.getNext()
_NEXT = re.compile(r"=\s*&?(?:mut\s+)?\w+(?:->|\.)(?:\w+(?:->|\.))?(?:next|nxt|link|cdr|getNext)\w*\b")
_LINK = re.compile(r"while let Some\(\w+\) = \w+|(?:->|\.)(?:next|nxt|link|cdr|getNext)\b")
# struct entry *e = table[hash % SIZE]: a chain of a hash table is short
_BUCKET = re.compile(r"=\s*[&*]?\(?[\w.>\-]+\[[^\]]+\]|\b(?:bucket|slot|hash|chain)\w*", re.IGNORECASE)
_COMPARES = r"strn?(?:case)?cmp|memcmp|bcmp|equals(?:IgnoreCase)?|Equal|eq"
_EQUAL = re.compile(rf"==|\b(?:{_COMPARES})\s*\(")
_NOT_EQUAL = re.compile(r"!==?")
# while (length < limit && in[at + length] == in[now + length])
_RUNS = re.compile(r"\[\w+\s*\+\s*(\w+)\]\s*[!=]=\s*[\w.>\-]+\[\w+\s*\+\s*\1\]")
_LETTER = re.compile(r"b?'(?:\\.|[^'\\])'")
_PROBES = re.compile(r"%|&\s*\(?\w*mask|&\s*\(\w+\s*-\s*1\)|>>", re.IGNORECASE)
# while (index-- > 0) node = node.next;    for _ in 0..n { at = &at.next; }    before = at; at = &(*at)->next
_ALONG = re.compile(
    r"(?:\)|\{|:)\s*(?:\w+\s*=\s*\w+\s*;?\s+)?(\w+)\s*=\s*[&*(]*(?:mut\s+)?\1\)*(?:->|\.)(?:next|nxt|link|cdr|getNext)\w*(?:\(\))?"
)
_CHAIN = re.compile(r"\b(?:bucket|slot|hash|chain)\w*", re.IGNORECASE)
_LEAVES = re.compile(
    r"\b(?:return|break|continue|goto)\b|\+\+|\+=\s*1\b|=\s*(?:true|false|i|index|&?\w+\[\w+\])\s*;?\s*\}?$"
)
# One step from element to element, from the first on.
_STEPS = re.compile(r"<\s*[\w.\->()]+\s*;|<=|\brange\b|\bof\b|\bin\b|:\s*[\w.\->()]+\s*\)|\.iter\(\)|\+\+|\+=\s*1\b")
_ARITHMETIC = re.compile(r"[\w)]\s?[*/^]\s\w|\w[*/^]\w|<<|\+=\s*(?!1\b)")
# Any other call does work of its own: what is left are comparisons, accessors and lengths.
_WORKS = re.compile(
    rf"(?<![\w.>])(?!(?:if|for|while|switch|return|sizeof|len|range|Some|Ok|Err|{_COMPARES})\b)\w+\s*\("
    rf"|(?:\.|->|::)(?!(?:{_COMPARES}|get|at|charAt|iter)\b)\w+\s*\(\s*[^)\s]"
)
_SHIFTS = re.compile(
    r"\.remove\(0\)|\.add\(0,|\.insert\(0,|\.shift\(\)|\.unshift\(|\.drain\(\.\.1\)|\.erase\(\s*([\w.>\-]+?)(?:\.|->)begin\(\)\s*\)"
    r"|\.insert\(\s*[\w.>\-]+(?:\.|->)begin\(\)|append\((\w+)\[:\w+\],\s*\2\[\w+\s*\+\s*1:\]|copy\((\w+)(?:\[:\])?,\s*\3\[1:\]\)"
    r"|memmove\(\s*([\w.>\-]+),\s*\4\s*\+\s*\w|([\w.]+)\s*=\s*append\(\[\][^(]*,\s*\5\.\.\.\)"
)
# all = [...all, ...page]   state = {...state, [key]: value}   body = Buffer.concat([body, chunk])
_GROWS = re.compile(
    r"([\w.]+)\s*=\s*(?:\[\s*\.\.\.\1\b|\{\s*\.\.\.\1\b|Buffer\.concat\(\s*\[\s*\1\b|\1\.concat\(|Object\.assign\(\{\},\s*\1\b"
    r"|Arrays\.copyOf\(\s*\1\b|bytes\.Join\(\s*\[\]\[\]byte\{\s*\1\b"
    # table = pd.concat([table, day])   samples = np.append(samples, value)
    r"|(?:pd|pandas)\.concat\(\s*[\[(]\s*\1\b|(?:np|numpy)\.(?:append|concatenate|[vh]stack)\(\s*[\[(]*\s*\1\b)"
    # sum(groups, [])
    r"|\bsum\(.*,\s*(?:start\s*=\s*)?\[\s*\]\s*\)"
    # return { ...state, points: [...state.points, point] }
    r"|\b(\w+):\s*\[\s*\.\.\.(?:\w+\.)+\2\s*,"
    # rows.reduce((all, row) => ({...all, [row.id]: row}), {})
    r"|\(\s*(\w+)\b[^()]*\)\s*=>\s*(?:\(\s*\{\s*\.\.\.\3\b|\[\s*\.\.\.\3\b)"
    # rest = tokens[1..].to_vec()   text = text[n..].to_string()
    r"|\w+\[1\.\.\]\.to_vec\(\)|\b(\w+)\s*=\s*\4\[[^\[\]]+\.\.\]\.to_\w+\("
    # text = text[len(token):]   text = text.substr(n)
    r"|(?<![\w.])([\w.]+)\s*=\s*\5(?:\[[^\[\]:]+:\]|\.substr\([^,()]+\))"
    # waiting = waiting.filter((one) => one !== next)   waiting = [one for one in waiting if one is not next]
    r"|(?<![\w.])([\w.]+)\s*=\s*(?:\6\.filter\(\s*\(?\w+\)?\s*=>\s*[\w.]+\s*!==?"
    r"|\[(\w+) for \7 in \6 if \7(?:\.\w+)*\s+(?:!=|is not)\s)"
)
# self.stock.keys().cloned().collect::<Vec<_>>().contains(&sku)   Object.keys(stock).includes(sku)
_KEYS = re.compile(
    r"\.(?:keys|values)\(\)[\w.:<>()&|, ]*\.(?:contains|any|find|position|includes|indexOf|anyMatch|noneMatch)\("
    r"|\bObject\.(?:keys|values)\([\w.]+\)\.(?:includes|indexOf|find|some|filter)\("
    r"|(?:\[\.\.\.|\bArray\.from\()[\w.]+\.(?:keys|values)\(\)[\])]\.(?:includes|indexOf|find|some)\("
    r"|\.(?:keySet|entrySet)\(\)\.stream\(\)\.(?:anyMatch|noneMatch|filter)\("
)
# text.chars().nth(column)   []rune(text)[i]   [...text][i]   Array.from(text)[i]
_LETTERS = re.compile(
    r"\.(?:chars|char_indices|graphemes)\((?:true)?\)(?:\.rev\(\))?\.(?:nth|skip)\(\s*[a-z_]"
    r"|\[\]rune\(\w[\w.]*\)\[\s*[a-z_]|(?:\[\.\.\.[\w.]+\]|\bArray\.from\([\w.]+\))\[\s*[a-z_]"
)
# queue.sort()   sorted(queue)   sort.Slice(queue, …)   Collections.sort(queue)   std::sort(queue.begin(), …)
_SORTS = re.compile(
    r"\b(?:sort|slices|Collections|Arrays)\.(?:\w*[sS]ort\w*|Slice\w*|Stable|Strings|Ints|Float64s)\(\s*(?P<arg>[\w.]+)"
    r"|\b(?P<own>[\w.>\-]+?)(?:\.|->)(?:sort\w*|sortBy|Sort)\s*\(|\bsorted\(\s*(?P<py>[\w.]+)"
    r"|\b(?:std::)?(?:ranges::)?(?:stable_)?sort\(\s*(?P<it>[\w.>\-]+?)(?:(?:\.|->)begin\(\))?\s*[,)]"
)
_ADDS_ONE = r"(?:\.|->)(?:push|push_back|emplace_back|append|add|addLast|Add|unshift)\s*\("
_TAKES_FIRST = (
    r"(?:\.get)?[\[(]0[\])]|(?:\.|->)(?:shift|pop|popleft|getFirst|removeFirst|front|first)\(\)|\.(?:remove|pop)\(0\)"
)
_BELOW = 2
_ABOVE = 3
"""lines, among which one more is added to what is sorted then"""
# while (ready.load() == 0) {}   for !done.Load() { runtime.Gosched() }   while (from->tail == head) ;
_WAITS = re.compile(
    r"^(?:while\b\s*(?P<c>.+?)|for\s*\(\s*;(?P<f>[^;]+);\s*\)|for\s+(?P<g>[^;{(]+?(?:\(.*?\))?[^;{]*?))"
    r"\s*(?P<rest>;|\{.*)?$"
)
_PAUSE = re.compile(
    r"(?:[\s;{}]|continue\b|(?:\w+(?:\.|::))*(?:_mm_pause|__builtin_ia32_pause|cpu_relax|__yield|spin_loop(?:_hint)?"
    r"|yield(?:_now)?|sched_yield|onSpinWait|Gosched|thrd_yield)\s*\(\s*\)|(?:__)?asm\b.*?(?:pause|yield).*?\))*"
)
_HINT = re.compile(r"_mm_pause|__builtin_ia32_pause|cpu_relax|spin_loop|onSpinWait")
# What may be asked without doing anything: an atomic variable, a flag. Any other call may be the work.
_LOOKS = re.compile(
    r"(?:\b|__)(?:atomic_)?(?:load\w*|Load\w*|get|Get|test|isSet|is_set|isDone|is_done|empty|isEmpty|is_empty|READ_ONCE|likely"
    r"|unlikely|ACCESS_ONCE|isInterrupted|isAlive|getAcquire|getOpaque|getPlain|not)\s*\("
)
_CHANGES = re.compile(r"\+\+|--|(?<![=!<>])=(?!=)")
_JOINS = re.compile(r"Buffer\.concat\(\s*[\w.]+\s*[,)]")
_OF_PYTHON = frozenset((LineShape.RESORT, LineShape.GROW))
"""(of a loop in Python the interpreter tells more than its text does)"""
_BY_LINE = (
    (LineShape.SHIFT, _SHIFTS),
    (LineShape.GROW, _GROWS),
    (LineShape.JOIN, _JOINS),
    (LineShape.SCAN, _KEYS),
    (LineShape.LETTER, _LETTERS),
)


def with_shapes(sources: SourcesOfAll, profile: CpuProfile) -> CpuProfile:
    """The same profile, with what the text of its hottest own lines says."""
    first = (*backtracking(sources, profile.rows), *_joins(sources, profile.rows))
    told = {(each.file, each.line): each for each in first}
    # (what is done in one line says more than what the loop around it does)
    for each in _shapes(sources, profile.rows):
        if each.shape is not LineShape.SCAN or (each.file, each.line) not in told:
            told[each.file, each.line] = each
    for more in (rewritten, spinning, few_searched, logins):
        told |= {(each.file, each.line): each for each in more(sources, profile.rows)}
    return profile.model_copy(update={"shapes": tuple(told.values())})


def _joins(sources: SourcesOfAll, rows: Iterable[CpuRow]) -> Iterable[ShapedLine]:
    """Of the hottest lines those in a loop that looks through all of something in each round of another loop."""
    for pid, stack in hot_stacks(rows, _own_lines, worth=WORTH / 3)[:_MOST_STACKS]:
        join = algorithm_at(sources.of(pid), stack)
        if join is None:
            continue
        at = stack[join.depth]
        yield ShapedLine(
            file=at.file, line=at.line, shape=join.shape, outer_file=join.outer.file, outer_line=join.outer.line
        )
        for part in stack[: join.depth]:
            yield ShapedLine(file=part.file, line=part.line, shape=LineShape.PART)


def _own_lines(row: CpuRow) -> Iterator[At]:
    own = [f for f in row.stack if f.kind in _TOLD and f.line and f.file and may_be_own(f.file)]
    # (a closure and what it stands in have a frame each, at one line)
    inner = [None, *((f.file, f.line) if f.kind is FrameKind.NATIVE else None for f in own)]
    for f in islice((f for f, before in zip(own, inner, strict=False) if (f.file, f.line) != before), _CALLERS):
        yield At(f.file or "", f.line or 0, f.function if f.kind is FrameKind.JAVASCRIPT else "")


def _shapes(sources: SourcesOfAll, rows: Sequence[CpuRow]) -> Iterable[ShapedLine]:
    inner = [frame for row in rows for frame in row.stack[:_FRAMES]]
    python = {frame.file for frame in inner if frame.kind is FrameKind.PYTHON}
    for pid, file, line in hot_lines(rows, _inner_lines)[:_MOST_LINES]:
        shape = shape_of(sources.of(pid).lines(file), line)
        if shape and (shape in _OF_PYTHON or file not in python):
            yield ShapedLine(file=file, line=line, shape=shape)


def _inner_lines(row: CpuRow) -> Iterable[tuple[str, int]]:
    told = (f for f in row.stack[:_FRAMES] if f.kind in _TOLD)
    return ((f.file, f.line) for f in told if f.file and f.line and f.file.startswith("/"))


def shape_of(text: list[str], number: int) -> LineShape | None:
    """Of line ``number`` (from 1) of a file: what the line itself, or the loop that it belongs to, does."""
    if not 0 < number <= len(text):
        return None
    own = _code(text[number - 1])
    for shape, says in _BY_LINE:
        if says.search(own):
            return shape
    if _resorts(text, number - 1):
        return LineShape.RESORT
    header = _header(text, number - 1)
    if header is None:
        return None
    loop = _loop(text, header)
    if loop is not None and _spins(text, header, loop):
        return LineShape.SPIN
    if loop is None or not header <= number - 1 < header + len(loop):
        return None
    said, before = " ".join(loop), " ".join(_code(line) for line in text[max(0, header - 3) : header])
    if along := _steps_along(loop):
        starts = rf"\b{along}\s*=\s*[&*]?\(?[\w.>\-]+\["
        return LineShape.BUCKET if re.search(starts, f"{before} {loop[0]}") else LineShape.WALK
    walks = _NEXT.search(said) and _LINK.search(said)
    looks = (_EQUAL.search(said) or (walks and _NOT_EQUAL.search(said))) and _LEAVES.search(said)
    if not looks or any(other.search(said) for other in (_LETTER, _RUNS, _PROBES, _ARITHMETIC, _WORKS)):
        return None
    if walks:
        return LineShape.BUCKET if _BUCKET.search(before + loop[0]) else LineShape.WALK
    return LineShape.SCAN if _STEPS.search(loop[0]) else None


def _steps_along(loop: list[str]) -> str:
    """The name by which a loop does nothing but go from one to the next: ``while (*at) at = &(*at)->next;``, to a place
    by its number, or to the end; empty for another loop."""
    said = " ".join(loop)
    body = _ALONG.search(said)
    does_more = body is None or re.sub(r"[{};\s]", "", said[body.end() :]) or _CHAIN.search(loop[0])
    return "" if body is None or does_more else body[1]


def _resorts(text: list[str], at: int) -> bool:
    """Whether a line sorts all of a list to which a line right above adds one (after a loop that fills it, it is what
    one should do), or of which the next line takes the first alone."""
    sorts = _SORTS.search(_code(text[at]))
    what = next((name for name in sorts.group("own", "py", "arg", "it") if name), "") if sorts else ""
    if not what:
        return False
    name = re.escape(what)
    first = re.compile(rf"(?<![\w.]){name}(?:{_TAKES_FIRST})")
    if any(map(first.search, map(_code, text[at + 1 : at + 1 + _BELOW]))):
        return True
    adds = re.compile(
        rf"(?<![\w.]){re.escape(what)}(?:{_ADDS_ONE}|\s*=\s*append\(\s*{re.escape(what)}\s*,\s*[^)]*[^.)]\)\s*;?$)"
    )
    for line in map(_code, text[max(0, at - _ABOVE) : at]):
        # (a loop in one line fills it)
        if adds.search(line) and _indent(line) == _indent(text[at]) and not _HEADER.match(line):
            return True
    return False


def _spins(text: list[str], header: int, loop: list[str]) -> bool:
    """Whether a loop only asks, without changing anything, and has nothing in it but pauses: it can end by another's
    doing alone. (The end of a do-while has its work above.)"""
    head = loop[0].strip()
    before = next((line for line in map(_code, reversed(text[:header])) if line.strip()), "").strip()
    found = _WAITS.match(head)
    if found is None or before == "}":
        return False
    asks = next(part for part in found.group("c", "f", "g") if part)
    inside = f"{found['rest'] or ''} {' '.join(loop[1:])}"
    calls = len(re.findall(r"\w\s*\(", asks))
    only_looks = not _CHANGES.search(asks) and calls <= len(_LOOKS.findall(asks))
    # (who tells the processor that it waits may ask by any call: while ((found = queue.poll()) == null) onSpinWait())
    waits = only_looks or _HINT.search(inside) is not None
    return waits and not re.search(r"\b(?:range|in|of)\b", asks) and _PAUSE.fullmatch(inside) is not None


def _code(line: str) -> str:
    return _NO_CODE.sub("", line).rstrip()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _header(text: list[str], at: int) -> int | None:
    """The line at which the innermost loop around line ``at`` begins, by its indentation; not far above."""
    within = _indent(text[at]) + 1
    # (compilers charge the jump back to the bracket that ends the loop)
    last = at - 1 if _code(text[at]).strip().startswith("}") else at
    for i in range(last, max(-1, at - _UPWARDS), -1):
        line = _code(text[i])
        if not line.strip():
            continue
        if _indent(line) < within:
            if _HEADER.match(line):
                return i
            # (the function's own head, or a block in between, which belongs to the loop)
            within = _indent(line)
            if within == 0:
                return None
    return None


def _loop(text: list[str], header: int) -> list[str] | None:
    """The loop's lines without comments and texts; None where it is longer than one that only looks."""
    lines = [_code(text[header])]
    depth = _indent(text[header])
    for raw in text[header + 1 : header + 2 + _LONGEST_BODY]:
        line = _code(raw)
        if line.strip() and _indent(line) <= depth:
            if line.strip()[0] not in "{}":
                return lines
            lines.append(line)
            if line.strip()[0] == "}":
                return lines
            continue
        lines.append(line)
    return lines if len(lines) <= _LONGEST_BODY else None
