"""What a hot function may be at, by its shape: what is said of it, what helps, and how sure that is."""

from typing import NamedTuple

from perfdoctor.diagnosis.language import Language
from perfdoctor.diagnosis.pattern import Threshold
from perfdoctor.diagnosis.weight import WARNING_SHARE
from perfdoctor.schemas.finding import Severity

PLAIN_SHARE = Threshold(
    0.4, "of busy time", "without a telling shape a function is worth a word only when it dominates"
)
LOOP_SHARE = Threshold(0.6, "of busy time", "a plain loop is worth a warning only when most of all work is in it")
SEARCH_SHARE = Threshold(0.3, "of busy time", "one search is honest work: many must add up before it is a problem")
SORTED = Threshold(
    0.75, "of busy time", "who reads much to say little of it (a median) may spend most of the time on sorting it, once"
)


class Shape(NamedTuple):
    """``fix`` by language; that of the key None where there is none of its own. ``least_share``: of busy time, from
    which on it is worth a word."""

    what: str
    fix: dict[Language | None, str]
    confidence: float
    at_most: Severity
    least_share: float


SEARCH = Shape(
    "searches a list from its start, again and again",
    {
        None: "Keep what is searched in a hash table, or sorted and searched by halves: a look-up then costs the "
        "same however many there are. Build it once, outside of the loop.",
        Language.PYTHON: "Keep what is searched in a set, or a dict by the key that is looked for: a look-up then "
        "costs the same however many there are. Build it once, outside of the loop.",
        Language.JAVASCRIPT: "Keep what is searched in a Set, or a Map by the key that is looked for, and ask has() "
        "or get(). Build it once, outside of the loop.",
        Language.JAVA: "Keep what is searched in a HashSet, or a HashMap by the key that is looked for (an "
        "ArrayList in place of a LinkedList where it is read by index). Build it once, outside of the loop.",
        Language.GO: "Keep what is searched in a map by the key that is looked for. Build it once, outside of the "
        "loop.",
        Language.CPP: "Keep what is searched in a std::unordered_set or std::unordered_map, or sorted for "
        "std::lower_bound. Build it once, outside of the loop.",
    },
    confidence=0.9,
    at_most=Severity.CRITICAL,
    least_share=0.0,
)
WALK = SEARCH._replace(
    what="walks a linked list to find something in it", confidence=0.8, least_share=SEARCH_SHARE.value
)
SCAN = SEARCH._replace(
    what="compares one element after the other to find something", confidence=0.75, least_share=SEARCH_SHARE.value
)
NESTED = Shape(
    "looks through all of something, again and again",
    {
        None: "Keep what it looks through where it can be found at once: in a hash table by the key that is "
        "compared, sorted and searched by halves where something is the nearest or counted up to a place, in a grid "
        "or tree where it is near in space. Keep that up to date, or build it once, outside of the outer loop.",
    },
    confidence=0.8,
    at_most=Severity.CRITICAL,
    least_share=SEARCH_SHARE.value,
)
EACH_TIME = NESTED._replace(
    what="goes through all of something each time one is added to it",
    fix={
        None: "Keep up to date what is asked of all of them, by what came and what went: a running sum or count, a "
        "heap or a sorted list for the least and the middle one, a deque of what can still become the greatest for a "
        "window, a map for what is looked up.",
    },
    confidence=0.75,
)
SWEEP = NESTED._replace(
    what="goes over all of something again and again, until a round changes nothing",
    fix={
        None: "Keep a queue of what has changed, and go on from there alone: Dijkstra's algorithm by a heap where the "
        "steps are not negative, a work list otherwise; a sort of the library where neighbours are swapped.",
    },
    confidence=0.75,
)
OVERLAP = NESTED._replace(
    what="works out the same parts again and again, by calling itself",
    fix={
        None: "Keep what was worked out, by the arguments, in a table or map that is asked first; or fill the table "
        "from the small ones up.",
        Language.PYTHON: "Put functools.cache on it (the arguments must be hashable: an index in place of a slice), or "
        "fill a table from the small ones up.",
    },
    confidence=0.75,
)
MEASURE = Shape(
    "measures the length of a text again and again",
    {
        None: "strlen walks to the end of its text each time: take the length once, before the loop, and keep it "
        "beside the text where that grows or is handed on.",
    },
    confidence=0.85,
    at_most=Severity.CRITICAL,
    least_share=0.0,
)
LETTER = Shape(
    "counts the letters of a text from its start to come to one of them, again and again",
    {
        None: "Letters of UTF-8 have no fixed length. Take the text apart once, into a list of its letters, and index "
        "that; go through it once by an iterator; or, where all of it is ASCII, index its bytes.",
    },
    confidence=0.85,
    at_most=Severity.CRITICAL,
    least_share=SEARCH_SHARE.value,
)
SHIFT = Shape(
    "inserts or removes at the head of a list, which moves all of the rest each time",
    {
        None: "Use a ring buffer or a double-ended queue, or walk by an index and drop all that is done at once.",
        Language.PYTHON: "Use collections.deque (appendleft, popleft), or append and reverse once, or walk the list "
        "by an index.",
        Language.JAVASCRIPT: "Walk the array by an index and cut off what is done now and then, or reverse it once "
        "and pop(), or use a queue made of a linked list or ring buffer.",
        Language.JAVA: "Use an ArrayDeque (pollFirst, addFirst), or walk by an iterator and clear() at the end; to "
        "drop many from the midst, removeIf.",
        Language.CPP: "Use a std::deque (pop_front), or walk by an index and erase all that is done in one call; to "
        "drop many from the midst, std::erase_if (or erase with std::remove_if).",
    },
    confidence=0.9,
    at_most=Severity.CRITICAL,
    least_share=0.0,
)
SHIFT_BY_TEXT = SHIFT._replace(confidence=0.8, least_share=SEARCH_SHARE.value)
SORT = Shape(
    "sorts again and again",
    {
        None: "Sort once after the loop; keep order with a heap, a tree or a sorted insertion; take the best few by "
        "selecting instead of sorting.",
        Language.PYTHON: "Sort once after the loop; keep order with bisect.insort or heapq; take the best few with "
        "min, max or heapq.nlargest.",
    },
    confidence=0.7,
    at_most=Severity.CRITICAL,
    least_share=SORTED.value,
)
RESORT = SORT._replace(
    what="sorts a list anew each time one more is added to it", confidence=0.85, least_share=WARNING_SHARE
)
COPY = Shape(
    "copies what it has so far, each time round",
    {
        None: "Do not make a new one at each step: hand it on by reference, change it in place, walk it by an index.",
        Language.PYTHON: "Do not make a new list, string, array or table at each step: walk by index or iterator "
        "instead of slicing, collect parts in a list and join (or concatenate) once, extend in place.",
        Language.JAVASCRIPT: "Do not spread ({...state}, [...list]), concat or slice at each step: start from one "
        "object or array of its own and change that in place (state[key] = value, list.push(value)).",
        Language.JAVA: "Do not copy at each step: hand on a view (subList, Collections.unmodifiableList), or fill "
        "one list; CopyOnWriteArrayList is for lists that hardly ever change.",
        Language.CPP: "Take it by const reference (or std::span, std::string_view) instead of by value, std::move "
        "what is not needed again, and change it in place.",
    },
    confidence=0.85,
    at_most=Severity.CRITICAL,
    least_share=WARNING_SHARE,
)
MEMORY = Shape(
    "does little but move memory",
    {
        None: "Look for removal from the head of an array (walk by an index), copies that could be references, and "
        "buffers that are made anew to grow (reserve the room once).",
        Language.PYTHON: "Look for list.pop(0) or insert(0, …) (use collections.deque), slices in a loop (walk by "
        "index, or use memoryview), and strings or bytes that grow by += (collect parts and join once, or use "
        "io.BytesIO).",
        Language.GO: "Look for append(s[:i], s[i+1:]...) in a loop (walk by an index, or cut off the head by s = "
        "s[1:]), slices that are copied to be handed on, and arrays passed by value.",
    },
    confidence=0.65,
    at_most=Severity.CRITICAL,
    least_share=WARNING_SHARE,
)
GROW = Shape(
    "builds a large value by copying it as it grows: the time goes to fresh memory",
    {
        None: "Collect the parts in a list and join them once, or write them to a buffer that keeps its memory "
        "(io.StringIO, io.BytesIO) or the destination itself.",
    },
    confidence=0.65,
    at_most=Severity.CRITICAL,
    least_share=WARNING_SHARE,
)
BACKTRACK = Shape(
    "spends its time inside one regular expression",
    {
        None: "Look for nested or overlapping repetition ((a+)+, .*.*) that backtracks on text that does not match; "
        "make it possessive or more exact, anchor it, or test for a plain substring first.",
    },
    confidence=0.75,
    at_most=Severity.WARNING,
    least_share=0.0,
)
ROW_BY_ROW = Shape(
    "goes over a table of pandas row by row: each makes a Series of its own",
    {
        None: "Work on whole columns (arithmetic and comparisons of Series, numpy.where, shift, groupby, merge); where "
        "each row is needed by itself, itertuples() or zip over the columns' lists cost a small part of iterrows() and "
        "apply(axis=1).",
    },
    confidence=0.85,
    at_most=Severity.CRITICAL,
    least_share=WARNING_SHARE,
)
CELLS = ROW_BY_ROW._replace(
    what="asks a table of pandas for one row or cell after the other: each is looked up by itself",
)
ELEMENTS = ROW_BY_ROW._replace(
    what="goes over an array of numpy element by element",
    fix={
        None: "Work on whole arrays: comparisons and arithmetic of arrays, numpy.where, boolean masks; for what is "
        "around each element sums of shifted slices, numpy.lib.stride_tricks.sliding_window_view or scipy.ndimage; or "
        "compile the loops (numba).",
    },
    confidence=0.8,
)
FILTER = Shape(
    "looks through a whole table to take some of its rows, again and again",
    {
        None: "Join once outside of the loop: merge() the two tables by the key (merge_asof where it must lie in a "
        "range), or groupby() the key and keep the groups in a dict, or set_index() the key, sorted, and ask loc[].",
    },
    confidence=0.8,
    at_most=Severity.CRITICAL,
    least_share=SEARCH_SHARE.value,
)
REGEX = BACKTRACK._replace(confidence=0.5, at_most=Severity.INFO)
"""what it is for, as far as its text tells"""
LOOP = Shape(
    "loops in interpreted code that only looks at things: nested loops or a search",
    {
        None: "If one loop looks for what belongs to the other's items, index one side by the key in a dict or set "
        "first. If it is arithmetic over many numbers, use numpy or move the inner loop into a built-in.",
    },
    confidence=0.55,
    at_most=Severity.WARNING,
    least_share=LOOP_SHARE.value,
)
DATES = Shape(
    "reads one date after the other by a general parser, in Python",
    {
        # (0.05 µs and 4 µs a date, CPython 3.11)
        None: "datetime.fromisoformat() is C, and reads dates as ISO 8601 writes them in a fiftieth of the time of "
        "strptime() or less; where few dates come again and again, read each once (functools.lru_cache), and a whole "
        "column by pandas.to_datetime(column, format=…).",
    },
    confidence=0.6,
    at_most=Severity.WARNING,
    least_share=SEARCH_SHARE.value,
)
PARSE_DATES = frozenset({"_strptime", "dateutil"})
"""libraries"""
PLAIN = Shape(
    "holds most of the CPU time",
    {
        None: "Look at the line with its callers: can it be called less often, its result kept, or its loop be left "
        "to a built-in or library? Its shape gives no sign of waste: it may be the work itself.",
    },
    confidence=0.35,
    at_most=Severity.INFO,
    least_share=PLAIN_SHARE.value,
)

BY_TEXT = (WALK, SCAN, NESTED, EACH_TIME, SWEEP, OVERLAP, SHIFT_BY_TEXT, LETTER)
"""what only the text of the loop tells"""
