"""Is memory taken and given back again and again, without growing?"""

import re
from collections import defaultdict

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import call, cpu, kernel, library, memory, native, python, window
from perfdoctor.diagnosis.language import Language, language_of
from perfdoctor.diagnosis.object_copies import Copied, copied
from perfdoctor.diagnosis.operations import Operation, operation_of
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.user_code import is_user_code, user_frame
from perfdoctor.diagnosis.weight import LITTLE, again, percent, size, weigh
from perfdoctor.diagnosis.words import named
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.finding import Fact, Finding, Severity
from perfdoctor.schemas.frame import FrameKind, Stack
from perfdoctor.schemas.waits import FaultRow

SHARE = Threshold(0.05, "of busy time", "below, memory that is kept would gain nothing that could be felt")
GRAVE = Threshold(
    0.25,
    "of busy time",
    "programs that handle text or trees spend a tenth to a fifth of their time on getting memory, and need to",
)
FRESH = Threshold(
    0.5, "of the time for memory", "when the kernel's part prevails, blocks are given back to it and taken anew"
)
STAYS = Threshold(
    0.5, "of the pages touched", "when memory grows by what is touched, it is not given back: that is memory-growth's"
)
FAULTS = Threshold(200, "page faults/s", "a program at rest, and one that only grows slowly, touch fewer new pages")

_FAULT = ("page_fault", "clear_page", "do_anonymous_page", "handle_mm_fault", "do_user_addr_fault", "clear_huge_page")
_MAPPING = ("sys_brk", "sys_mmap", "sys_munmap", "sys_mremap", "sys_madvise", "do_munmap", "do_brk", "do_mmap",
            "vm_mmap", "vm_munmap", "unmap_region", "exit_mmap")  # fmt: skip
_ALLOCATOR = re.compile(
    r"(?:__GI_|__)?(?:libc_)?(?:malloc|free|calloc|realloc|cfree|memalign|posix_memalign|aligned_alloc|reallocarray)$"
    r"|_int_(?:malloc|free|realloc|memalign)|_mid_memalign|malloc_consolidate|unlink_chunk|sysmalloc|systrim|tcache_|"
    r"ptmalloc|operator (?:new|delete)|je_|(?:do_)?mallocx|tc_(?:new|delete|malloc|free)|mi_(?:free|malloc|heap)|"
    r"__rust_(?:alloc|dealloc|realloc)|__rdl_|runtime\.(?:mallocgc|makeslice|newobject|persistentalloc|\(\*mheap\))"
)
_FRAMES = 12
"""from the inner end, among which the allocator's are"""
_GIVES_BACK = re.compile(r"_int_free|systrim|(?:__GI_|__)?(?:libc_)?c?free$|operator delete")
_LARGE = {
    Language.PYTHON: "make the buffer once, outside of the loop, and fill it anew (bytearray with readinto or "
    "memoryview, "
    "numpy's out=); blocks that glibc maps one by one can be kept by MALLOC_MMAP_THRESHOLD_ and "
    "MALLOC_TRIM_THRESHOLD_ in "
    "the environment",
    Language.JAVASCRIPT: "make the Buffer or typed array once and fill it anew (fs.read into it, TypedArray.set, "
    "subarray "
    "instead of slice)",
    Language.JAVA: "make the array once for each thread and fill it anew",
    Language.GO: "keep the slice and fill it anew (buffer = buffer[:0]), or take it from a sync.Pool",
    Language.RUST: "keep the Vec and clear() it instead of making a new one",
}
_LARGE_NATIVE = (
    "make the buffer once, outside of the loop, and fill it anew; where it must come and go, keep freed memory in the "
    "process (mallopt M_MMAP_THRESHOLD and M_TRIM_THRESHOLD, or a pool)"
)
_SMALL = {
    Language.GO: "take values instead of pointers, make slices with their capacity, use sync.Pool",
    Language.RUST: "reuse with clear(), reserve with_capacity, borrow (&str, Cow) instead of clone() and to_string()",
    Language.CPP: "reserve, pass by reference or string_view, keep objects by value, reuse them, or take them from "
    "an arena "
    "(std::pmr::monotonic_buffer_resource)",
    Language.C: "take small blocks from a pool or arena that is freed as a whole, or put them on the stack",
}

_COPIES = {
    Language.CPP: "take it by const reference (const T&; for (const auto& each : all)), hand out a const reference, "
    "or a std::shared_ptr<const T> of what changes seldom; copy only the part that is needed; std::move what is not "
    "needed again",
    Language.RUST: "borrow it (&T), keep it in an Arc<T>, whose clone only counts, or take out of it what is needed "
    "while the lock is held",
}


def check(account: Account) -> list[Finding]:
    if _stays(account):
        return []
    copies = [each for each in copied(account) if account.share(account.cpu_cost(each.all_rows)) >= GRAVE.value]
    told = {id(row) for each in copies for row in each.all_rows}
    asked = [row for row in account.samples if id(row) not in told and _is_asked_for(account, row)]
    uses = [row for row in asked if _is_fresh(row) or _is_in_allocator(account.below(row))]
    groups = account.by_function(uses)
    if _is_everywhere(account, groups):
        groups = [_all_of(account, groups)]
    found = []
    for each in copies:
        found += _judge_copies(account, each)
    for place, rows in groups:
        found += _judge(account, place, rows)
    return found


def _judge_copies(account: Account, copies: Copied) -> list[Finding]:
    place, cost = copies.place, account.cpu_cost(copies.all_rows)
    cores = sum(row.seconds for row in copies.all_rows) / account.seconds
    stack = account.top_stack(copies.rows)
    name = named(copies.type, 60)
    cure = _COPIES.get(language_of(user_frame(stack, account.evidence.user_roots)), _COPIES[Language.CPP])
    return weigh(
        account,
        "allocation-churn",
        title=f"{place} copies {name} whole, all the time, and lets go of the copy "
        f"({percent(account.share(cost))} of busy time)",
        seconds=cost,
        place=place,
        stack=stack,
        facts=(
            account.fact("cpu", f"CPU time to copy {name}, and to let go of it", cores, "cores"),
            *_growth(account),
        ),
        fix=f"At {place}: {cure}.",
        verify=again(account, f"the CPU used to copy {name}", f"{cores:.2f} cores for the same work", "nearly nothing"),
        confidence=0.8,
        works=True,
        at_most=Severity.CRITICAL if cost >= LITTLE.value * account.seconds else Severity.INFO,
    )


def _is_everywhere(account: Account, groups: list[tuple[Place, list[CpuRow]]]) -> bool:
    """Whether many functions of a program take memory, or are the first to touch it: none of them too much, but all
    together."""
    shares = [account.share(account.cpu_cost(rows)) for _, rows in groups]
    return len(shares) > 1 and sum(shares) >= GRAVE.value > max(shares)


def _all_of(account: Account, groups: list[tuple[Place, list[CpuRow]]]) -> tuple[Place, list[CpuRow]]:
    """As one, at the line that takes most. A destructor only gives back what others took; and who writes first to fresh
    pages pays for what another asked of the kernel."""
    every = [row for _, rows in groups for row in rows]
    fresh = sum(row.seconds for row in every if _is_fresh(row))
    if fresh >= FRESH.value * sum(row.seconds for row in every) and (taker := _taker(account)):
        return taker, every

    def weight(group: tuple[Place, list[CpuRow]]) -> tuple[bool, float]:
        return "~" not in group[0].function, sum(row.seconds for row in group[1])

    return max(groups, key=weight)[0], every


def _gives_back(stack: Stack) -> bool:
    return any(_GIVES_BACK.match(frame.function) for frame in stack[:_FRAMES])


def _taker(account: Account) -> Place | None:
    """The line that asks the kernel most often for memory."""
    at: dict[Place, int] = defaultdict(int)
    for row in account.calls:
        takes = row.syscall in ("brk", "mmap", "mremap") and not _gives_back(row.stack)
        if takes and (place := account.place(row.stack)):
            at[place] += row.calls
    return max(at, key=lambda place: at[place], default=None)


def _is_asked_for(account: Account, row: CpuRow) -> bool:
    """Whether the user's own line called for it: what a library makes for itself (an event loop its buffers), no line
    of the user's could do without."""
    inner = row.stack[0] if row.stack else None
    return inner is not None and (inner.kind is FrameKind.NATIVE or is_user_code(inner, account.evidence.user_roots))


def _is_in_allocator(below: Stack) -> bool:
    within = any(_ALLOCATOR.match(frame.function) for frame in below)
    return within and operation_of(below) is not Operation.COLLECT


def _stays(account: Account) -> bool:
    """Whether what was touched is still there at the end."""
    trend = account.evidence.memory
    faults = sum(row.faults for row in account.evidence.faults or ())
    if trend is None or len(trend.samples) < 2 or faults < FAULTS.value * account.seconds:
        return False  # (small blocks are taken from what the program has, and touch no new page)
    grown = trend.samples[-1].rss - trend.samples[0].rss
    return grown > STAYS.value * faults * _PAGE


_PAGE = 4096


def _is_fresh(row: CpuRow) -> bool:
    return any(part in frame.function for frame in row.kernel for part in (*_FAULT, *_MAPPING))


def _judge(account: Account, place: Place, rows: list[CpuRow]) -> list[Finding]:
    cost = account.cpu_cost(rows)
    share = account.share(cost)
    if share < SHARE.value:
        return []
    fresh = sum(row.seconds for row in rows if _is_fresh(row)) / max(sum(row.seconds for row in rows), 1e-9)
    functions = {(at.file, at.function) for row in rows if (at := account.place(row.stack))}
    touched = [
        row
        for row in account.evidence.faults or ()
        if (at := account.place(row.stack)) and (at.file, at.function) in functions
    ]
    faults = sum(row.faults for row in touched) / account.seconds
    large = fresh >= FRESH.value
    if large and account.evidence.faults is not None and faults < FAULTS.value:
        return []
    stack = _stack_of(account, place, rows)
    language = language_of(user_frame(stack, account.evidence.user_roots))
    facts = _facts(account, place, rows, touched)
    if large:
        what = (
            f"takes {size(faults * _PAGE)}/s of fresh memory, and gives it back"
            if faults
            else "takes fresh memory anew"
        )
        cure = _LARGE.get(language, _LARGE_NATIVE)
    elif language not in _SMALL:
        return []  # an interpreter makes small objects for every step: no line could do without
    else:
        others = f", like {len(functions) - 1} other functions," if len(functions) > 1 else ""
        what = f"allocates and frees small blocks all the time{others}"
        cure = _SMALL[language]
    cores = sum(row.seconds for row in rows) / account.seconds
    return weigh(
        account,
        "allocation-churn",
        title=f"{place} {what} ({percent(share)} of busy time)",
        seconds=cost,
        place=place,
        stack=stack,
        facts=facts,
        fix=f"At {place}: {cure}.",
        verify=again(
            account, f"the CPU used for memory at {place}", f"{cores:.2f} cores for the same work", "a small part of it"
        ),
        confidence=0.85 if large else 0.75,
        works=True,
        at_most=Severity.CRITICAL if share >= GRAVE.value and cost >= LITTLE.value * account.seconds else Severity.INFO,
    )


def _stack_of(account: Account, place: Place, rows: list[CpuRow]) -> Stack:
    """Of the samples at the line; of a system call there, where it only takes what others touch."""
    sampled = [row for row in rows if account.place(row.stack) == place]
    if sampled:
        return account.top_stack(sampled)
    return next((row.stack for row in account.calls if account.place(row.stack) == place), ())


def _facts(account: Account, place: Place, rows: list[CpuRow], touched: list[FaultRow]) -> tuple[Fact, ...]:
    cores = sum(row.seconds for row in rows) / account.seconds
    facts = [account.fact("cpu", f"CPU time for memory in {named(place.function, 60)}", cores, "cores")]
    if touched:
        faults = sum(row.faults for row in touched) / account.seconds
        facts.append(account.fact("faults", f"pages first touched in {named(place.function, 60)}", faults, "faults/s"))
    moves = [
        r
        for r in account.calls
        if place.shares_function(account.place(r.stack)) and r.syscall in ("mmap", "munmap", "brk", "madvise")
    ]
    if moved := sum(r.calls for r in moves) / account.seconds:
        facts.append(account.fact("syscalls", "mmap, munmap, brk and madvise there", moved, "calls/s"))
    return (*facts, *_growth(account))


def _growth(account: Account) -> tuple[Fact, ...]:
    trend = account.evidence.memory
    if trend is None or not trend.samples:
        return ()
    return (account.fact("memory", "growth meanwhile", trend.bytes_per_second, "bytes/s"),)


def _examples() -> tuple[Example, ...]:
    line: Stack = (python(30, "decode"),)
    libc = "/lib/x86_64-linux-gnu/libc.so.6"
    loop = native("_PyEval_EvalFrameDefault")
    sets = (native("__memset_avx2", libc), native("PyByteArray_Resize"), native("bytearray___init__"), loop)
    fault = kernel("clear_page_erms", "do_anonymous_page", "handle_mm_fault", "exc_page_fault")
    gives = cpu(
        line, 1.0, leaf=(native("munmap", libc), native("_PyObject_Free"), loop), inside=kernel("__x64_sys_munmap")
    )
    maps = (call("mmap", line, 4000, seconds=0.2), call("munmap", line, 4000, seconds=0.8))
    touched = FaultRow(pid=4242, stack=line, faults=900_000)
    rest = cpu((python(60, "work"),), 4.0, leaf=(loop,))
    where = native("parse(char const*)", "/srv/parse", "/srv/parse.cpp", 12)
    small = (
        cpu((native("_int_malloc", libc), native("malloc", libc), native("operator new(unsigned long)"), where), 2.5),
        cpu((native("_int_free", libc), native("free", libc), where), 2.0),
    )
    some = cpu((native("_int_malloc", libc), native("malloc", libc), where), 1.5)
    own = cpu((native("parse(char const*)", "/srv/parse", "/srv/parse.cpp", 14),), 8.0)
    text = native("std::__cxx11::basic_string<…>::basic_string(std::__cxx11::basic_string<…> const&)", "/srv/parse")
    object_ = native("shop::Route::Route(shop::Route const&)", "/srv/parse", "/srv/route.h", 7)
    kept = native("std::vector<shop::Route>::push_back(shop::Route const&)", "/srv/parse")
    drops = (native("shop::Route::~Route()", "/srv/parse", "/srv/route.h", 7), where)
    whole = (
        cpu((native("malloc", libc), text, object_, where), 2.0),
        cpu((native("__memmove_avx512_unaligned_erms", libc), text, object_, where), 1.5),
        cpu((native("free", libc), *drops), 1.0),
    )
    flat_copy = cpu((native("__memmove_avx512_unaligned_erms", libc), object_, where), 4.5)
    adds = cpu((native("__memmove_avx512_unaligned_erms", libc), text, object_, kept, where), 4.5)
    flat = memory(1e4)
    makes = (
        native("__brk", libc),
        native("sysmalloc", libc),
        native("malloc", libc),
        python(11, "plane"),
        python(50, "step"),
    )
    steps = [(python(20 + i, f"filter_{i}"), python(51 + i, "step")) for i in range(3)]
    chain = tuple(cpu(step, 1.2, leaf=(native("filter_step"), loop), inside=fault) for step in steps)
    pages = tuple(FaultRow(pid=4242, stack=step, faults=300_000) for step in steps)
    churn = (cpu(line, 4.0, leaf=sets, inside=fault), gives, rest)
    return (
        Example(
            "a large buffer for each frame",
            True,
            "half of busy time fills fresh pages that are given back, and memory does not grow",
            window(samples=churn, calls=maps, faults=(touched,), memory=flat),
        ),
        Example(
            "nodes that come and go in C++",
            True,
            "nearly half of busy time is in malloc and free",
            window(samples=(*small, cpu((where,), 5.0)), memory=flat),
        ),
        Example(
            "an object that is handed on by value",
            True,
            "its copies, and letting go of them, take a third of busy time, half of that outside of malloc",
            window(samples=(*whole, own), memory=flat),
        ),
        Example(
            "a flat object that is handed on by value",
            False,
            "its copy is one block of bytes, and asks for no memory",
            window(samples=(flat_copy, own), memory=flat),
        ),
        Example(
            "objects that a collection keeps",
            False,
            "it makes its own copies of what it is given",
            window(samples=(adds, own), memory=flat),
        ),
        Example(
            "a fresh buffer for each step",
            True,
            "none of the three that write first to it takes much, and one line asks for all of it",
            window(samples=(*chain, rest), calls=(call("brk", makes, 9000, seconds=0.1),), faults=pages, memory=flat),
        ),
        Example(
            "data that is loaded and kept",
            False,
            "memory grows by what is touched: nothing is given back",
            window(samples=churn, faults=(FaultRow(pid=4242, stack=line, faults=60_000),), memory=memory(25e6)),
        ),
        Example(
            "a parser that needs its nodes",
            False,
            "a sixth of busy time in malloc is what such programs take",
            window(samples=(some, own), memory=flat),
        ),
        Example(
            "an event loop's own buffers",
            False,
            "a library makes them for each read: the line that started the loop could not do without",
            window(
                samples=(cpu((library("asyncio/selector_events.py", "_read_ready"), *line), 4.0, inside=fault), rest)
            ),
        ),
        Example(
            "a buffer that is made once",
            False,
            "its pages were touched once, and the line fills it without the kernel",
            window(samples=(cpu(line, 5.0, leaf=sets), rest), faults=(), memory=flat),
        ),
    )


PATTERN = Pattern(
    id="allocation-churn",
    title="memory is taken and given back all the time",
    sees="CPU samples in page faults, in the kernel's mapping calls and in malloc and free (Go's allocator, C++'s "
    "new and delete) below a line, with the pages that it touches first, while memory as a whole does not grow. Of C++ "
    "and Rust also objects that a line copies with all that they hold: a parameter by value, a snapshot, clone().",
    costs="A page that is given back has to be cleared before it is taken again, by the kernel, under a lock that all "
    "threads share; a block that is freed has to be found again.",
    fix="Keep buffers and fill them anew; pools and arenas for small blocks; let the allocator keep what is freed.",
    fine="Large blocks that are used once and rarely: to give them back is right.",
    thresholds=(SHARE, GRAVE, LITTLE, FRESH, STAYS, FAULTS),
    needs=("cpu",),
    focus=frozenset({Focus.MEMORY, Focus.CPU}),
    check=check,
    examples=_examples,
    beats=("hot-loop",),
)
