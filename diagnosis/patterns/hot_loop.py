"""Does one piece of code hold most of the CPU, in a shape that grows faster than its data?"""

from typing import NamedTuple

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.concentration import holder
from perfdoctor.diagnosis.example import cpu, kernel, native, python, window
from perfdoctor.diagnosis.hotness import HotFunction, hot_functions
from perfdoctor.diagnosis.interpreter import Work
from perfdoctor.diagnosis.language import Language
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.weight import WARNING_SHARE, again, percent, weigh
from perfdoctor.diagnosis.words import quoted
from perfdoctor.schemas.cpu import LineShape, ShapedLine
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.frame import Frame, FrameKind

SHAPE = Threshold(
    0.5,
    "of the function's CPU time",
    "when most of the time goes to one telling operation, that operation is the cause",
)
ANCHOR = Threshold(
    0.03,
    "of the function's CPU time",
    "comparisons alone are innocent; a search through a list must be seen among them",
)
SORTING = Threshold(0.15, "of the function's CPU time", "a sort leaves much of its time to the comparisons it asks for")
MEMORY = Threshold(
    0.6, "of the function's CPU time", "a Python line that does little but move memory moves too much of it"
)
GROWING = Threshold(0.3, "of the function's CPU time", "kernel time spent on new pages for one line's results")
LOOPS = Threshold(
    0.08, "of the function's CPU time", "a loop that makes no objects only looks; useful computation makes them"
)
CONCENTRATED = Threshold(
    0.9, "of the function's CPU time on three lines", "the inner loop of nested ones hides its surroundings"
)
PLAIN_SHARE = Threshold(
    0.4, "of busy time", "without a telling shape a function is worth a word only when it dominates"
)
LOOP_SHARE = Threshold(0.6, "of busy time", "a plain loop is worth a warning only when most of all work is in it")
SEARCH_SHARE = Threshold(0.3, "of busy time", "one search is honest work: many must add up before it is a problem")
SORTED = Threshold(
    0.75, "of busy time", "who reads much to say little of it (a median) may spend most of the time on sorting it, once"
)
FUNCTIONS = 5


class _Shape(NamedTuple):
    """``fix`` by language; that of the key None where there is none of its own."""

    what: str
    fix: dict[Language | None, str]
    confidence: float
    at_most: Severity
    least_share: float


_SEARCH = _Shape(
    "searches a list from its start, again and again",
    {
        None: "Keep what is searched in a hash table, or sorted and searched by halves: a look-up then costs the same "
        "however many there are. Build it once, outside of the loop.",
        Language.PYTHON: "Keep what is searched in a set, or a dict by the key that is looked for: a look-up then "
                         "costs "
        "the same however many there are. Build it once, outside of the loop.",
        Language.JAVASCRIPT: "Keep what is searched in a Set, or a Map by the key that is looked for, and ask has() or "
        "get(). Build it once, outside of the loop.",
        Language.JAVA: "Keep what is searched in a HashSet, or a HashMap by the key that is looked for (an "
                       "ArrayList in "
        "place of a LinkedList where it is read by index). Build it once, outside of the loop.",
        Language.GO: "Keep what is searched in a map by the key that is looked for. Build it once, outside of the "
                     "loop.",
        Language.CPP: "Keep what is searched in a std::unordered_set or std::unordered_map, or sorted for "
        "std::lower_bound. Build it once, outside of the loop.",
    },
    0.9, Severity.CRITICAL, 0.0)  # fmt: skip
_WALK = _SEARCH._replace(
    what="walks a linked list to find something in it", confidence=0.8, least_share=SEARCH_SHARE.value
)
_SCAN = _SEARCH._replace(
    what="compares one element after the other to find something", confidence=0.75, least_share=SEARCH_SHARE.value
)
_MEASURE = _Shape(
    "measures the length of a text again and again",
    {None: "strlen walks to the end of its text each time: take the length once, before the loop, and keep it "
           "beside the "
     "text where that grows or is handed on."},
    0.85, Severity.CRITICAL, 0.0)  # fmt: skip
_SHIFT = _Shape(
    "inserts or removes at the head of a list, which moves all of the rest each time",
    {
        None: "Use a ring buffer or a double-ended queue, or walk by an index and drop all that is done at once.",
        Language.PYTHON: "Use collections.deque (appendleft, popleft), or append and reverse once, or walk the list "
                         "by an "
        "index.",
        Language.JAVASCRIPT: "Walk the array by an index and cut off what is done now and then, or reverse it once and "
        "pop(), or use a queue made of a linked list or ring buffer.",
        Language.JAVA: "Use an ArrayDeque (pollFirst, addFirst), or walk by an iterator and clear() at the end; to "
                       "drop "
        "many from the midst, removeIf.",
        Language.CPP: "Use a std::deque (pop_front), or walk by an index and erase all that is done in one call; to "
                      "drop "
        "many from the midst, std::erase_if (or erase with std::remove_if).",
    },
    0.9, Severity.CRITICAL, 0.0)  # fmt: skip
_SHIFT_BY_TEXT = _SHIFT._replace(confidence=0.8, least_share=SEARCH_SHARE.value)
_SORT = _Shape(
    "sorts again and again",
    {
        None: "Sort once after the loop; keep order with a heap, a tree or a sorted insertion; take the best few by "
        "selecting instead of sorting.",
        Language.PYTHON: "Sort once after the loop; keep order with bisect.insort or heapq; take the best few with "
                         "min, "
        "max or heapq.nlargest.",
    },
    0.7, Severity.CRITICAL, SORTED.value)  # fmt: skip
_RESORT = _SORT._replace(
    what="sorts a list anew each time one more is added to it", confidence=0.85, least_share=WARNING_SHARE
)
_COPY = _Shape(
    "copies what it has so far, each time round",
    {
        None: "Do not make a new one at each step: hand it on by reference, change it in place, walk it by an index.",
        Language.PYTHON: "Do not make a new list, string or bytes at each step: walk by index or iterator instead of "
        "slicing, collect parts in a list and join once, extend in place.",
        Language.JAVASCRIPT: "Do not spread ({...state}, [...list]), concat or slice at each step: start from one "
                             "object "
        "or array of its own and change that in place (state[key] = value, list.push(value)).",
        Language.JAVA: "Do not copy at each step: hand on a view (subList, Collections.unmodifiableList), or fill one "
        "list; CopyOnWriteArrayList is for lists that hardly ever change.",
        Language.CPP: "Take it by const reference (or std::span, std::string_view) instead of by value, std::move "
                      "what is "
        "not needed again, and change it in place.",
    },
    0.85, Severity.CRITICAL, WARNING_SHARE)  # fmt: skip
_MEMORY = _Shape(
    "does little but move memory",
    {
        None: "Look for removal from the head of an array (walk by an index), copies that could be references, and "
        "buffers that are made anew to grow (reserve the room once).",
        Language.PYTHON: "Look for list.pop(0) or insert(0, …) (use collections.deque), slices in a loop (walk by "
                         "index, "
        "or use memoryview), and strings or bytes that grow by += (collect parts and join once, or use io.BytesIO).",
        Language.GO: "Look for append(s[:i], s[i+1:]...) in a loop (walk by an index, or cut off the head by s = "
                     "s[1:]), "
        "slices that are copied to be handed on, and arrays passed by value.",
    },
    0.65, Severity.CRITICAL, WARNING_SHARE)  # fmt: skip
_GROW = _Shape(
    "builds a large value by copying it as it grows: the time goes to fresh memory",
    {None: "Collect the parts in a list and join them once, or write them to a buffer that keeps its memory "
           "(io.StringIO, "
     "io.BytesIO) or the destination itself."},
    0.65, Severity.CRITICAL, WARNING_SHARE)  # fmt: skip
_REGEX = _Shape(
    "spends its time inside one regular expression",
    {None: "Look for nested or overlapping repetition ((a+)+, .*.*) that backtracks on text that does not match; "
           "make it "
     "possessive or more exact, anchor it, or test for a plain substring first."},
    0.6, Severity.WARNING, 0.0)  # fmt: skip
_LOOP = _Shape(
    "loops in interpreted code that only looks at things: nested loops or a search",
    {None: "If one loop looks for what belongs to the other's items, index one side by the key in a dict or set "
           "first. If "
     "it is arithmetic over many numbers, use numpy or move the inner loop into a built-in."},
    0.55, Severity.WARNING, LOOP_SHARE.value)  # fmt: skip
_PLAIN = _Shape(
    "holds most of the CPU time",
    {None: "Look at the line with its callers: can it be called less often, its result kept, or its loop be left to a "
     "built-in or library? Its shape gives no sign of waste: it may be the work itself."},
    0.35, Severity.INFO, PLAIN_SHARE.value)  # fmt: skip


def check(account: Account) -> list[Finding]:
    found = []
    for function in hot_functions(account)[:FUNCTIONS]:
        shape = _shape(function)
        share = account.share(function.cost)
        if share < shape.least_share:
            shape = _PLAIN
        if share < shape.least_share or function.seconds / account.seconds < 0.02:
            continue
        found += _finding(account, function, shape)
    return found


def _shape(function: HotFunction) -> _Shape:
    return _shape_of_python(function) if function.is_python else _shape_of_compiled(function)


def _shape_of_compiled(function: HotFunction) -> _Shape:
    """What the library functions below its lines say; its own loops say nothing by themselves."""
    work = function.work
    if function.shaped[LineShape.RESORT] >= SHAPE.value:
        return _RESORT
    told = ((_SEARCH, Work.SEARCH), (_MEASURE, Work.MEASURE), (_SHIFT, Work.SHIFT), (_SORT, Work.SORT))
    for shape, kind in told:
        if work[kind] >= SHAPE.value:
            # A comparison that a sort or a search by halves asks for is not a loop over all.
            return _PLAIN if kind is Work.SEARCH and function.compares_for_order else shape
    if max(work[Work.COPY] + work[Work.CONCATENATE], function.shaped[LineShape.GROW]) >= SHAPE.value:
        return _COPY
    if work[Work.MEMORY] + work[Work.SHIFT] + work[Work.COPY] >= MEMORY.value:
        return _MEMORY
    by_text = ((_WALK, LineShape.WALK), (_SCAN, LineShape.SCAN), (_SHIFT_BY_TEXT, LineShape.SHIFT))
    return next((shape for shape, told in by_text if function.shaped[told] >= SHAPE.value), _PLAIN)


def _shape_of_python(function: HotFunction) -> _Shape:
    work = function.work
    if work[Work.UNKNOWN] > 0.5:
        return _PLAIN
    if work[Work.SEARCH] >= ANCHOR.value and work[Work.SEARCH] + work[Work.COMPARE] + work[Work.MEMORY] >= SHAPE.value:
        return _SEARCH
    if work[Work.SHIFT] >= SHAPE.value:
        return _SHIFT
    if function.shaped[LineShape.RESORT] >= SHAPE.value:
        return _RESORT
    if work[Work.SORT] >= SORTING.value and work[Work.SORT] + work[Work.COMPARE] >= SHAPE.value:
        return _SORT
    if work[Work.COPY] + work[Work.CONCATENATE] >= SHAPE.value:
        return _COPY
    # (A library that needs fresh memory for its work, a compressor say, is seen at work, too.)
    grows = work[Work.GROW] >= GROWING.value and work[Work.GROW] + work[Work.MEMORY] >= MEMORY.value
    if grows and work[Work.LIBRARY] < ANCHOR.value:
        return _GROW
    if work[Work.MEMORY] + work[Work.SHIFT] + work[Work.COPY] >= MEMORY.value:
        return _SHIFT if work[Work.SHIFT] >= ANCHOR.value else _MEMORY
    if work[Work.REGEX] >= SHAPE.value:
        return _REGEX
    looks = work[Work.INTERPRET] + work[Work.COMPARE] + work[Work.MEMORY]
    tight = sum(share for _, share in function.lines[:3]) >= CONCENTRATED.value
    if work[Work.MAKE] < LOOPS.value and looks > 0.85 and tight and not function.recursive:
        return _LOOP
    return _PLAIN


def _finding(account: Account, function: HotFunction, shape: _Shape) -> list[Finding]:
    place, share = function.place, account.share(function.cost)
    line_share = function.lines[0][1] if function.lines else 0.0
    cores = function.seconds / account.seconds
    what, fix = shape.what, shape.fix.get(function.language, shape.fix[None])
    if shape is _PLAIN and function.work[Work.LIBRARY] >= SHAPE.value:
        what = f"spends its CPU time in {function.library}"
        fix = f"Call it less often from {place}, with less data, or keep its results."
    facts = [
        account.fact("cpu", f"CPU time in {quoted(place.function)}", cores, "cores"),
        account.fact("cpu", f"of it on line {place.line}", line_share, "share"),
    ]
    if function.leaf:
        most = max(function.work.items(), key=lambda item: item[1])
        facts.append(
            account.fact(
                "cpu",
                f"of it {most[0].name.lower().replace('_', ' ')} (mostly {quoted(function.leaf)})",
                most[1],
                "share",
            )
        )
    heaviest = max(
        (r for r in function.rows if account.place(r.stack) == place), key=lambda r: r.seconds, default=function.rows[0]
    )
    if held := holder(account, function.rows):
        what = f"{what}, most of it in {held}"
        fix = f"{fix} {held.advice}".strip()
        facts.append(account.fact("cpu", f"of it in or below {held}", held.share, "share"))
    return weigh(
        account,
        "hot-loop",
        title=f"{place} {what} ({percent(share)} of busy time)",
        seconds=function.cost,
        place=place,
        stack=heaviest.stack,
        facts=tuple(facts),
        fix=f"{place}: {fix}",
        verify=again(
            account,
            f"the CPU used in {quoted(place.function)}",
            f"{cores:.2f} cores for the same work",
            "a small part of it",
            "trace-cpu",
        ),
        confidence=shape.confidence,
        at_most=shape.at_most,
    )


def _examples() -> tuple[Example, ...]:
    line = (python(20, "dedupe"),)
    rest = cpu((python(50, "other"),), 2.0, leaf=(native("insertdict"),))

    libc = "/lib/x86_64-linux-gnu/libc.so.6"
    search = (cpu(line, 1.5, leaf=(native("list_contains"),)), cpu(line, 5.0, leaf=(native("PyUnicode_RichCompare"),)))
    shift = (cpu(line, 7.0, leaf=(native("ins1"),)),)
    moves = (cpu(line, 7.0, leaf=(native("[unknown]", libc),)),)
    sort = (cpu(line, 4.0, leaf=(native("unsafe_float_compare"),)), cpu(line, 2.0, leaf=(native("binarysort"),)))
    slices = (
        cpu(line, 4.0, leaf=(native("Py_INCREF"), native("list_slice"))),
        cpu(line, 2.5, leaf=(native("list_dealloc"),)),
    )
    grows = (
        cpu(line, 4.0, leaf=(native("[unknown]", libc),), inside=kernel("clear_page_erms", "exc_page_fault")),
        cpu(line, 2.0, leaf=(native("[unknown]", libc),)),
    )
    nested = (
        cpu((python(7, "join"),), 5.5, leaf=(native("_PyEval_EvalFrameDefault"),)),
        cpu((python(6, "join"),), 2.0, leaf=(native("Py_INCREF"),)),
    )
    crunch = (
        cpu((python(7, "mean"),), 4.0, leaf=(native("_PyLong_Multiply"),)),
        cpu((python(7, "mean"),), 3.5, leaf=(native("_PyEval_EvalFrameDefault"),)),
    )
    digest = (cpu((python(7, "digest"),), 9.0, leaf=(native("[unknown]", "/usr/lib/libcrypto.so.3"),)),)
    host = native("find", "/srv/hosts", "/srv/hosts.c", 21)
    by_name = native("by_name", "/srv/hosts", "/srv/hosts.c", 40)
    main = native("main", "/srv/hosts", "/srv/hosts.c", 60)
    compares = (native("__strcmp_avx2", libc), host)
    ordered = (native("__strcmp_avx2", libc), by_name, native("msort_with_tmp", libc), native("qsort", libc), main)
    script = Frame(kind=FrameKind.JAVASCRIPT, function="run", file="/srv/queue.js", line=12)
    shifts = (
        native("__memmove_avx2", libc),
        native("v8::internal::Heap::MoveRange(v8::internal::HeapObject)", "/usr/bin/node"),
        native("v8::internal::Builtin_ArrayShift(int, unsigned long*, v8::internal::Isolate*)", "/usr/bin/node"),
    )
    loop = native("_PyEval_EvalFrameDefault")
    bulk = (
        native("__memmove_avx2", libc),
        native("bytearray_setslice_linear"),
        native("bytearray_ass_subscript"),
        loop,
    )
    spread = tuple(
        cpu((python(10 * i, f"step_{i}"),), 0.9, leaf=(native("_PyEval_EvalFrameDefault"),)) for i in range(1, 11)
    )
    walks = native("flow_of", "/srv/flows", "/srv/flows.c", 28)

    def with_text(seen: Evidence, shape: LineShape) -> Evidence:
        assert seen.cpu
        told = ShapedLine(file="/srv/flows.c", line=28, shape=shape)
        return seen.model_copy(update={"cpu": seen.cpu.model_copy(update={"shapes": (told,)})})

    idle = (cpu(line, 0.05, leaf=(native("list_contains"),)),)
    return (
        Example(
            "membership in a list",
            True,
            "list_contains and comparisons hold the line's time",
            window(samples=(*search, rest)),
        ),
        Example(
            "list.insert(0, x)", True, "the time goes to moving the rest of the list", window(samples=(*shift, rest))
        ),
        Example("list.pop(0)", True, "a Python line that does nothing but move memory", window(samples=(*moves, rest))),
        Example("sorting in a loop", True, "comparisons of a sort hold the line's time", window(samples=(*sort, rest))),
        Example(
            "xs = xs[1:] in a loop",
            True,
            "making and freeing slices holds the line's time",
            window(samples=(*slices, rest)),
        ),
        Example("text += part", True, "fresh pages and copying hold the line's time", window(samples=(*grows, rest))),
        Example(
            "nested loops",
            True,
            "interpreted code that makes nothing, on two lines, holds most of busy time",
            window(samples=(*nested, rest)),
        ),
        Example(
            "a computation",
            False,
            "it multiplies: no warning, only a word where the CPU goes",
            window(samples=(*crunch, rest)),
        ),
        Example(
            "hashing a file",
            False,
            "the time is in OpenSSL, which is the work itself: no warning",
            window(samples=digest),
        ),
        Example(
            "a loop over names in C",
            True,
            "strcmp below one line holds the function's time: it compares one name after the other",
            window(samples=(cpu(compares, 6.0), rest)),
        ),
        Example(
            "a linked list in C",
            True,
            "the text of its hottest lines says that the loop walks from one to the next, comparing",
            with_text(window(samples=(cpu((walks,), 6.0), rest)), LineShape.WALK),
        ),
        Example(
            "a short walk along a list",
            False,
            "it holds a tenth of the time: no warning",
            with_text(window(samples=(cpu((walks,), 1.0), *spread)), LineShape.WALK),
        ),
        Example(
            "array.shift() in JavaScript",
            True,
            "V8's own function for it, below one line",
            window(samples=(cpu((script,), 6.0, leaf=shifts), rest)),
        ),
        Example(
            "the comparison that a sort asks for",
            False,
            "strcmp below a function that qsort calls is no loop over all: no warning",
            window(samples=(cpu(ordered, 6.0), rest)),
        ),
        Example(
            "one large copy into a buffer that is kept",
            False,
            "memory is moved by one built-in operation, as the line asked for",
            window(samples=(cpu(line, 6.0, leaf=bulk), rest)),
        ),
        Example(
            "work spread over ten functions", False, "no function holds enough to be the cause", window(samples=spread)
        ),
        Example(
            "a search in a program at rest", False, "half a per cent of a core is nothing to win", window(samples=idle)
        ),
    )


PATTERN = Pattern(
    id="hot-loop",
    title="one piece of code holds most of the CPU time",
    sees="CPU samples that gather in one function of your code, and the interpreter's own function below its line: "
    "a search through a list, a shift of its elements, a repeated sort, a copy at each step, a growing string, "
    "nested loops.",
    costs="Such code takes time with the square of its data, or worse: it is fast in tests and slow in use. All of "
    "the CPU time that it needs is CPU time that no other work gets.",
    fix="The right data structure: a set or dict for look-ups, a deque for both ends, a heap for the best few, one "
    "join for many parts. The finding names the operation that was seen.",
    fine="When the work is what the program is for and the shape gives no sign of waste (encryption, compression, "
    "numerics): then it is told as `info` at most, to say where the CPU goes.",
    thresholds=(
        SHAPE,
        ANCHOR,
        SORTING,
        MEMORY,
        GROWING,
        LOOPS,
        CONCENTRATED,
        PLAIN_SHARE,
        LOOP_SHARE,
        SEARCH_SHARE,
        SORTED,
    ),
    needs=("cpu",),
    focus=frozenset({Focus.CPU}),
    check=check,
    examples=_examples,
)
