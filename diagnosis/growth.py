"""Memory that grows, and how that is told: whose it is in all likelihood, what to look for."""

from typing import NamedTuple

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.weight import again, size
from perfdoctor.schemas.finding import Fact, Finding, Severity
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.memory import MemoryTrend, NativeMaker


class Growth(NamedTuple):
    """``bytes`` in the window. ``where`` says which memory, ``place`` which line, as ``sure`` (0 to 1). ``native``: for
    which class of Java."""

    per_second: float
    bytes: int
    where: str
    place: Place | None
    stack: Stack
    sure: float
    facts: tuple[Fact, ...]
    goroutines: bool = False
    native: NativeMaker | None = None


def finding(account: Account, trend: MemoryTrend, growth: Growth, severity: Severity) -> Finding:
    """The growth of ``trend``, in words."""
    per_second, place, runtime = growth.per_second, growth.place, account.evidence.target.runtime
    last = trend.samples[-1]
    if growth.goroutines:
        kept = f", which all wait at {place}" if place else ""
        meaning = "Each keeps its stack, and all that it refers to."
        holder = (
            "what would let them go on: a channel that nobody reads from or closes any more (give it room for one "
            "answer each, or select on the context's Done too), a lock or a WaitGroup that is never given back"
        )
    elif growth.native:
        doing = "kept" if growth.native.keeps else "made"
        kept = f", taken for {growth.native.name}" + (f", whose objects are {doing} at {place}" if place else "")
        meaning = "Their memory is given back when they are closed (end(), close(), try-with-resources), or collected."
        holder = "a map or list that is only added to, a pool that takes nothing back, a path that does not close them"
    elif growth.where:
        made = "most new pages at" if runtime == "go" else "most of what lives on is made at"
        kept = f", {made} {place}" if place else ""
        meaning = "The line is where the objects were made, which need not be where they are held."
        if runtime == "go":
            meaning = "The line is where memory was first touched, which need not be where it is held."
        if runtime == "node":
            meaning += " V8 names where the function begins, and what it inlined there counts as that function's."
        holder = {
            "java": "a static map or list, a ThreadLocal of a pooled thread, a listener that is never removed, a cache "
            "without a bound (Caffeine with maximumSize)",
            "node": "a module-level Map or array, a closure that an event listener or timer keeps, a cache without a "
            "bound (lru-cache with max; WeakMap where the key may go)",
            "go": "a map or slice that is only added to, a cache without a bound (an LRU, a time to live), a short "
            "slice of a large array, a closure that a timer or a goroutine keeps",
        }.get(runtime, "a static collection, a listener, a cache without a bound")
    else:
        kept = f", most new pages at {place}" if place else ""
        meaning = "The line is where memory was first touched, which need not be where it is held."
        holder = (
            "a list or dict that is only added to, a cache without a bound (functools.lru_cache(maxsize=…), an LRU or "
            "a time to live), a closed-over request, a global registry (weakref)"
            if runtime.startswith("python")
            else "a collection that is only added to, a cache without a bound, what is allocated on a path that "
            "returns without freeing it"
        )
    if place is not None and account.texts.keeper(growth.stack) == place:
        kept = f", added to a collection at {place}"
        meaning = "The line adds to a collection that outlives its function: see where that is emptied."
        if account.texts.is_limited(place):
            kept = f", added at {place} to a collection that holds no more than so many"
            meaning = "Look again when it has filled: what grows then is something else."
    doubles = last.rss / per_second
    facts = (*growth.facts, account.fact("memory", "resident at the end", last.rss, "bytes"))
    return Finding(
        pattern="memory-growth",
        title=f"Memory{growth.where} grows by {size(per_second)}/s (doubled in {_duration(doubles)}){kept}",
        severity=severity,
        share=None,
        confidence=growth.sure,
        location=place.location if place else None,
        stack=growth.stack,
        evidence=facts,
        fix=f"Find {_what_to_find(growth)}: {holder}. {meaning}",
        verify=again(
            account, "the growth", f"{size(per_second)}/s", "0, over a window of several minutes", "proc-watch"
        ),
    )


def _what_to_find(growth: Growth) -> str:
    if growth.native:
        return f"what keeps the objects of {growth.native.name}"
    if growth.goroutines:
        return f"why goroutines wait at {growth.place or 'one line'} for ever, and give them"
    return f"what keeps the objects that are made at {growth.place or 'the lines that allocate most'}"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
