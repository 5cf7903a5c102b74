"""Does one piece of code hold most of the CPU, in a shape that grows faster than its data?"""

from perfdoctor.diagnosis import hot_shapes
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.concentration import holder
from perfdoctor.diagnosis.example import cpu, kernel, library, native, python, window
from perfdoctor.diagnosis.hot_shapes import LOOP_SHARE, PLAIN_SHARE, SEARCH_SHARE, SORTED, Shape
from perfdoctor.diagnosis.hotness import HotFunction, hot_functions
from perfdoctor.diagnosis.interpreter import Work
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.user_code import basename
from perfdoctor.diagnosis.weight import LITTLE, again, percent, weigh
from perfdoctor.diagnosis.words import named, quoted
from perfdoctor.schemas.cpu import LineShape, ShapedLine
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Finding
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
MEMORY = Threshold(
    0.6, "of the function's CPU time", "a Python line that does little but move memory moves too much of it"
)
SORTING = Threshold(0.15, "of the function's CPU time", "a sort leaves much of its time to the comparisons it asks for")
GROWING = Threshold(0.3, "of the function's CPU time", "kernel time spent on new pages for one line's results")
LOOPS = Threshold(
    0.08, "of the function's CPU time", "a loop that makes no objects only looks; useful computation makes them"
)
CONCENTRATED = Threshold(
    0.9, "of the function's CPU time on three lines", "the inner loop of nested ones hides its surroundings"
)
MOVED = Threshold(
    0.15, "of a core, for compiled code that moves memory", "to gather what is worked on moves memory, and is work"
)
FUNCTIONS = 5
_NESTED = (
    (hot_shapes.NESTED, LineShape.NESTED),
    (hot_shapes.EACH_TIME, LineShape.EACH_TIME),
    (hot_shapes.SWEEP, LineShape.SWEEP),
    (hot_shapes.OVERLAP, LineShape.OVERLAP),
)
"""what the text says of loops, and of functions that call themselves"""


def check(account: Account) -> list[Finding]:
    found = []
    for function in hot_functions(account)[:FUNCTIONS]:
        shape = _shape(function)
        share = account.share(function.cost)
        # (what a loop is for its text tells less than the operation below it: where it takes little, it may be small)
        moves = (hot_shapes.MEMORY, hot_shapes.COPY)
        least = MOVED if shape in moves and not function.is_python else LITTLE
        little = shape in (*hot_shapes.BY_TEXT, *moves) and function.cost < least.value * account.seconds
        if share < shape.least_share or little:
            shape = hot_shapes.PLAIN
        if share < shape.least_share or function.seconds / account.seconds < 0.02:
            continue
        found += _finding(account, function, shape)
    return found


def _shape(function: HotFunction) -> Shape:
    return _shape_of_python(function) if function.is_python else _shape_of_compiled(function)


def _shape_of_compiled(function: HotFunction) -> Shape:
    """What the library functions below its lines say; its own loops say nothing by themselves."""
    work = function.work
    if function.shaped[LineShape.RESORT] >= SHAPE.value:
        return hot_shapes.RESORT
    told = (
        (hot_shapes.SEARCH, Work.SEARCH),
        (hot_shapes.MEASURE, Work.MEASURE),
        (hot_shapes.SHIFT, Work.SHIFT),
        (hot_shapes.SORT, Work.SORT),
    )
    for shape, kind in told:
        if work[kind] >= SHAPE.value:
            # A comparison that a sort, a search by halves or a hash table asks for is not a loop over all.
            few = max(function.shaped[LineShape.BUCKET], function.shaped[LineShape.FEW]) >= SHAPE.value
            asked = function.compares_for_order or few
            return hot_shapes.PLAIN if kind is Work.SEARCH and asked else shape
    # (a text that is made of pieces may be a line of its own; one that grows is string-building's matter)
    if max(work[Work.COPY], function.shaped[LineShape.GROW]) >= SHAPE.value:
        return hot_shapes.COPY
    if work[Work.MEMORY] + work[Work.SHIFT] + work[Work.COPY] >= MEMORY.value:
        return hot_shapes.MEMORY
    by_text = (
        (hot_shapes.WALK, LineShape.WALK),
        *_NESTED,
        (hot_shapes.SCAN, LineShape.SCAN),
        (hot_shapes.SHIFT_BY_TEXT, LineShape.SHIFT),
        (hot_shapes.LETTER, LineShape.LETTER),
    )
    return next((shape for shape, told in by_text if function.shaped[told] >= SHAPE.value), hot_shapes.PLAIN)


def _shape_of_python(function: HotFunction) -> Shape:
    work = function.work
    if function.row_by_row:
        return hot_shapes.ROW_BY_ROW
    if function.shaped[LineShape.FILTER] >= SHAPE.value:
        return hot_shapes.FILTER
    if function.shaped[LineShape.ELEMENTS] >= SHAPE.value:
        return hot_shapes.ELEMENTS
    if function.shaped[LineShape.CELLS] >= SHAPE.value:
        return hot_shapes.CELLS
    if function.shaped[LineShape.GROW] >= SHAPE.value:
        return hot_shapes.COPY
    if work[Work.UNKNOWN] > 0.5:
        return hot_shapes.PLAIN
    if work[Work.SEARCH] >= ANCHOR.value and work[Work.SEARCH] + work[Work.COMPARE] + work[Work.MEMORY] >= SHAPE.value:
        return hot_shapes.PLAIN if function.shaped[LineShape.FEW] >= SHAPE.value else hot_shapes.SEARCH
    if work[Work.SHIFT] >= SHAPE.value:
        return hot_shapes.SHIFT
    if function.shaped[LineShape.RESORT] >= SHAPE.value:
        return hot_shapes.RESORT
    if work[Work.SORT] >= SORTING.value and work[Work.SORT] + work[Work.COMPARE] >= SHAPE.value:
        return hot_shapes.SORT
    if work[Work.COPY] + work[Work.CONCATENATE] >= SHAPE.value:
        return hot_shapes.COPY
    if nested := next((shape for shape, told in _NESTED if function.shaped[told] >= SHAPE.value), None):
        return nested
    # (A library that needs fresh memory for its work, a compressor say, is seen at work, too.)
    grows = work[Work.GROW] >= GROWING.value and work[Work.GROW] + work[Work.MEMORY] >= MEMORY.value
    if grows and work[Work.LIBRARY] < ANCHOR.value:
        return hot_shapes.GROW
    if work[Work.MEMORY] + work[Work.SHIFT] + work[Work.COPY] >= MEMORY.value:
        return hot_shapes.SHIFT if work[Work.SHIFT] >= ANCHOR.value else hot_shapes.MEMORY
    if work[Work.REGEX] >= SHAPE.value:
        return hot_shapes.BACKTRACK if function.shaped[LineShape.BACKTRACK] >= SHAPE.value else hot_shapes.REGEX
    looks = work[Work.INTERPRET] + work[Work.COMPARE] + work[Work.MEMORY]
    tight = sum(share for _, share in function.lines[:3]) >= CONCENTRATED.value
    if work[Work.MAKE] < LOOPS.value and looks > 0.85 and tight and not function.recursive:
        return hot_shapes.LOOP
    reads_dates = work[Work.LIBRARY] >= SHAPE.value and function.library in hot_shapes.PARSE_DATES
    return hot_shapes.DATES if reads_dates else hot_shapes.PLAIN


def _finding(account: Account, function: HotFunction, shape: Shape) -> list[Finding]:
    place, share = function.place, account.share(function.cost)
    if shape in (hot_shapes.SWEEP, hot_shapes.OVERLAP) and (at := account.outer_loop(place)):
        place = Place(at[0], place.function, at[1])
    line_share = function.lines[0][1] if function.lines else 0.0
    cores = function.seconds / account.seconds
    what, fix = shape.what, shape.fix.get(function.language, shape.fix[None])
    if shape is hot_shapes.PLAIN and function.work[Work.LIBRARY] >= SHAPE.value:
        what = f"spends its CPU time in {function.library}"
        fix = f"Call it less often from {place}, with less data, or keep its results."
    facts = [
        account.fact("cpu", f"CPU time in {named(place.function)}", cores, "cores"),
        account.fact("cpu", f"of it on line {place.line}", line_share, "share"),
    ]
    if function.leaf:
        most = max(function.work.items(), key=lambda item: item[1])
        facts.append(
            account.fact(
                "cpu",
                f"of it {most[0].name.lower().replace('_', ' ')} (mostly {named(function.leaf)})",
                most[1],
                "share",
            )
        )
    heaviest = max(
        (r for r in function.rows if account.asking_place(r.stack) == place),
        key=lambda r: r.seconds,
        default=function.rows[0],
    )
    outer = account.outer_loop(place)
    if shape in (hot_shapes.NESTED, hot_shapes.FILTER) and outer:
        what = f"looks through all of something in each round of {quoted(f'{basename(outer[0])}:{outer[1]}')}"
    if shape is hot_shapes.EACH_TIME and outer:
        what = f"{what}, at {quoted(f'{basename(outer[0])}:{outer[1]}')}"
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
            f"the CPU used in {named(place.function)}",
            f"{cores:.2f} cores for the same work",
            "a small part of it",
            "trace-cpu",
        ),
        confidence=shape.confidence,
        works=True,
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
    frame = library("site-packages/pandas/core/frame.py", "DataFrame.iterrows")
    series = library("site-packages/pandas/core/series.py", "Series.__getitem__")
    rows = (cpu((frame, *line), 3.0), cpu((series, *line), 4.0), cpu(line, 1.0))
    columns = (cpu((series, *line), 7.0), cpu(line, 1.0))
    asked = library("site-packages/pandas/core/arraylike.py", "OpsMixin.__eq__")
    filtered = window(samples=(cpu((asked, *line), 7.0), cpu(line, 1.0)))
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
    unroll = native("unroll", "/srv/sheets", "/srv/sheets.rs", 63)
    gathers = (native("__memcpy_avx_unaligned_erms", libc), unroll)
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

    def with_text(seen: Evidence, shape: LineShape, file: str = "/srv/flows.c", line: int = 28) -> Evidence:
        assert seen.cpu
        told = ShapedLine(file=file, line=line, shape=shape)
        return seen.model_copy(update={"cpu": seen.cpu.model_copy(update={"shapes": (told,)})})

    matches = cpu(line, 7.0, leaf=(native("sre_ucs1_match"), native("pattern_search"), loop))
    stl = "/usr/include/c++/12/bits/stl_tree.h"
    at = native("Map::at", "/srv/map", "/srv/map.cpp", 52)
    steps = (native("operator++", "/srv/map", stl, 368),)
    strips = "std::_Rb_tree_const_iterator<std::pair<int const, Strip> >"
    halves = (
        *steps,
        native(f"__distance<{strips} >", "/srv/map", stl, 90),
        native(f"upper_bound<{strips}, int>", "/srv/map", stl, 22),
        at,
    )
    by_tree = (native("std::_Rb_tree<int, Strip>::_M_upper_bound(int const&)", "/srv/map", stl, 1901), at)
    idle = (cpu(line, 0.05, leaf=(native("list_contains"),)),)
    return (
        Example(
            "a table of pandas row by row",
            True,
            "iterrows makes a Series for each row, and what is asked of it takes the rest",
            window(samples=(*rows, rest)),
        ),
        Example(
            "columns of pandas",
            False,
            "no rows are made: it is what pandas is for",
            window(samples=(*columns, rest)),
        ),
        Example(
            "membership in a list",
            True,
            "list_contains and comparisons hold the line's time",
            window(samples=(*search, rest)),
        ),
        Example(
            "std::upper_bound over a std::map",
            True,
            "its iterators go from one element to the next, so the halves are walked",
            window(samples=(cpu(halves, 7.0), rest)),
        ),
        Example(
            "a regular expression that goes back again and again",
            True,
            "the line matches, and its file has an expression of the shape (a+)+",
            with_text(window(samples=(matches, rest)), LineShape.BACKTRACK, "/srv/app/app.py", 20),
        ),
        Example(
            "a regular expression",
            False,
            "to match is what the line is for, as far as the text of the expression tells",
            window(samples=(matches, rest)),
        ),
        Example(
            "the map's own upper_bound", False, "that goes down the tree", window(samples=(cpu(by_tree, 7.0), rest))
        ),
        Example(
            "list.insert(0, x)", True, "the time goes to moving the rest of the list", window(samples=(*shift, rest))
        ),
        Example(
            "a deck that is cleared for each plan",
            False,
            "memset moves nothing: its line says that it clears, and how much",
            window(samples=(cpu((native("__memset_avx2", libc), walks), 7.0), rest)),
        ),
        Example(
            "a sheet is copied together again and again, in Rust",
            True,
            "memcpy holds nearly all of half a core",
            window(samples=(cpu(gathers, 5.0), cpu((unroll,), 0.3))),
        ),
        Example(
            "a sheet is copied together now and then, in Rust",
            False,
            "a twentieth of a core: so it gathers what it works on",
            window(samples=(cpu(gathers, 0.6), cpu((unroll,), 0.1))),
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
            "for each load it looks through the table of contracts",
            True,
            "pandas compares a whole column for each, and the text says that this is in a loop over the loads",
            with_text(filtered, LineShape.FILTER, line[0].file or "", line[0].line or 0),
        ),
        Example(
            "an array, element by element",
            True,
            "two loops over its shape, by the text of the line",
            with_text(filtered, LineShape.ELEMENTS, line[0].file or "", line[0].line or 0),
        ),
        Example(
            "strptime for each line",
            True,
            "seven tenths of the line's time are in _strptime.py, which ISO dates need not",
            window(samples=(cpu((library("_strptime.py", "_strptime"), *line), 7.0), cpu(line, 1.0))),
        ),
        Example(
            "a table, cell by cell",
            True,
            "pandas looks up one row in each round of a loop, by the text of the line",
            with_text(filtered, LineShape.CELLS, line[0].file or "", line[0].line or 0),
        ),
        Example(
            "a table of which some rows are taken once",
            False,
            "pandas compares a whole column, and the text says of no loop",
            filtered,
        ),
        Example(
            "a linked list in C",
            True,
            "the text of its hottest lines says that the loop walks from one to the next, comparing",
            with_text(window(samples=(cpu((walks,), 6.0), rest)), LineShape.WALK),
        ),
        Example(
            "the texts of a hash table's chain, in C",
            False,
            "strcmp below a loop along what the table has at one place: a look-up is that, and the chain is short",
            with_text(window(samples=(cpu((native("__strcmp_avx2", libc), walks), 6.0), rest)), LineShape.BUCKET),
        ),
        Example(
            "a list of four that stands in the source",
            False,
            "the text says so: a hash table would not be faster",
            with_text(window(samples=(cpu((native("__strcmp_avx2", libc), walks), 6.0), rest)), LineShape.FEW),
        ),
        Example(
            "for each payment it walks all orders",
            True,
            "the inner loop only looks, and goes over the same in each round of the other one",
            with_text(window(samples=(cpu((walks,), 6.0), rest)), LineShape.NESTED),
        ),
        Example(
            "the same in a program that has hardly anything to do",
            False,
            "most of a fiftieth of a core",
            with_text(window(samples=(cpu((walks,), 0.3),)), LineShape.NESTED),
        ),
        Example(
            "the same, with little to look through",
            False,
            "it holds a tenth of the time: no warning",
            with_text(window(samples=(cpu((walks,), 1.0), *spread)), LineShape.NESTED),
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
        LITTLE,
        MOVED,
        SEARCH_SHARE,
        SORTED,
    ),
    needs=("cpu",),
    focus=frozenset({Focus.CPU}),
    check=check,
    examples=_examples,
)
