"""How much of the time goes to the collector of garbage, and who makes it work?"""

import re
from collections import defaultdict
from collections.abc import Sequence

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import cpu, native, python, window
from perfdoctor.diagnosis.garbage import collector_frames, collects, collects_by_name, fills_in_go, makes_in_go
from perfdoctor.diagnosis.language import Language, language_of
from perfdoctor.diagnosis.nameless import blind
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.runtime_waits import held_by_runtime
from perfdoctor.diagnosis.user_code import user_frame
from perfdoctor.diagnosis.weight import again, percent, weigh
from perfdoctor.schemas.allocations import AllocationProfile, AllocationRow, Mode
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.finding import Fact, Finding, Severity
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.goroutines import GoroutineCount, GoroutineWait

SHARE = Threshold(0.05, "of busy time", "a collector that is at ease takes one to five hundredths of a program's time")
GRAVE = Threshold(
    0.25,
    "of busy time",
    "programs that make objects all the time spend up to a fifth on collecting them, whatever the language, and are "
    "well",
)
MAKING = Threshold(
    0.4, "of busy time, to make objects and collect them", "with so much, making them is what the program does"
)
LITTLE = Threshold(0.05, "of a core, to make objects and collect them", "most of very little is little to win")
WAITED = Threshold(
    0.2,
    "of the collector's time, for which goroutines wait that asked for a collection",
    "several threads collect at a time, and what is left to sweep is swept later",
)
ASKED = Threshold(
    0.5, "of the collector's time", "when most collections are asked for by the program, the question is why it asks"
)

_ASKS = re.compile(
    r"gc_collect(?:_impl)?$|java\.lang\.(?:System|Runtime)\.gc$|runtime\.GC$|"
    r"v8::internal::\w*GCExtension"
)
_ASKED_CURES = {
    Language.PYTHON: "leave it to the collector: delete the call, or make it now and then, while there is nothing "
    "to do; "
    "gc.freeze() after the start keeps what lives forever out of each collection",
    Language.GO: "leave it to the collector: delete the call, and set GOMEMLIMIT (debug.SetMemoryLimit) where it is "
    "scarce",
}
_CURES = {
    Language.PYTHON: "call gc.freeze() when the start is done, so that what lives forever is not walked again; "
    "raise the "
    "first threshold (gc.set_threshold(50_000, 20, 100)); keep data in fewer containers (arrays, tuples of plain "
    "values, "
    "__slots__), and refer to parents by weakref or number",
    Language.JAVASCRIPT: "make fewer objects for each step: reuse them, keep numbers in typed arrays, walk once "
    "instead of "
    "map().filter().reduce(); a larger young generation (node --max-semi-space-size=64) collects less often",
    Language.JAVA: "make fewer objects there (primitive arrays instead of boxed numbers, no copies, no temporary "
    "strings), "
    "and give the heap room: it is collected again and again when -Xmx is little more than what lives",
    Language.GO: "make fewer heap objects there (values instead of pointers, slices made with their capacity, strconv "
    "instead of fmt, sync.Pool for what is used again); GOGC=200 or GOMEMLIMIT trade memory for fewer collections",
}
_PLAIN_CURE = "make fewer and longer-lived objects, reuse them, and give the heap more room"


def check(account: Account) -> list[Finding]:
    rows = [row for row in account.samples if collects(row)]
    seconds = sum(row.seconds for row in rows)
    if not seconds:
        return []
    held = sum(row.blocked_seconds for row in account.calls if held_by_runtime(row.stack))
    if account.share(account.cpu_cost(rows) + held) < SHARE.value:
        return []
    # Go's allocator does much of the collector's work, and is relieved by the same cure.
    making = [row for row in account.samples if makes_in_go(account.below(row)) and not collects(row)]
    collecting = account.cpu_cost(rows) + held
    cost = account.cpu_cost([*rows, *making]) + held
    asked = [row for row in rows if any(_ASKS.match(frame.function) for frame in collector_frames(row))]
    count = account.evidence.goroutines
    stood = [wait for wait in (count.collects if count else ()) if account.place(wait.stack)]
    # (Go's collector is at work in threads of its own while who asked waits for it)
    share_asked = min(1.0, max(sum(row.seconds for row in asked), sum(wait.seconds for wait in stood)) / seconds)
    by_itself = share_asked < (WAITED.value if stood else ASKED.value)
    place, stack, told = _allocator(account, rows) if by_itself else _heaviest(account, stood or asked)
    language = _language(account, rows, stack)
    cores = seconds / account.seconds
    facts = [account.fact("cpu", "CPU time of the collector of garbage", cores, "cores")]
    if held > 0.02 * seconds:
        facts.append(account.fact("syscalls", "threads held still for it", held / account.seconds, "threads"))
    if making:
        spent = sum(row.seconds for row in making) / account.seconds
        facts.append(account.fact("cpu", "CPU time of the allocator beside it", spent, "cores"))
    if not by_itself:
        facts.append(account.fact("cpu", "of it in collections that the program asked for", share_asked, "share"))
    facts += told
    at = place or "code without a line of yours"
    share = percent(account.share(cost))
    if by_itself:
        what = "making objects and collecting them" if making else "collecting garbage"
        title = f"{share} of busy time goes to {what}; most of the objects are made at {at}"
        cure = _CURES.get(language, _PLAIN_CURE)
        fix = f"At {at}: {cure}." if place else f"{cure[0].upper()}{cure[1:]}."
    else:
        title = f"{at} asks for a collection of garbage again and again ({share} of busy time)"
        fix = f"At {at}: {_ASKED_CURES.get(language, 'leave it to the collector: delete the call')}."
    return weigh(
        account,
        "gc-pressure",
        title=title,
        seconds=cost,
        place=place,
        stack=stack,
        facts=tuple(facts),
        fix=fix,
        verify=again(account, "the CPU time of the collector", f"{cores:.2f} cores for the same work", "a small part"),
        # That it costs so much is measured; the line is the one that was allocating when samples were taken.
        confidence=0.95 if not by_itself else 0.85 if place else 0.7,
        at_most=Severity.CRITICAL if _is_grave(account, collecting, cost) else Severity.INFO,
    )


def _is_grave(account: Account, collecting: float, cost: float) -> bool:
    """An allocator that takes more than its collector works at many small values that hardly live, text mostly: it
    counts no more than that, as long as it does not take most of what there is."""
    if cost < LITTLE.value * account.seconds:
        return False
    return account.share(min(cost, 2 * collecting)) >= GRAVE.value or account.share(cost) >= MAKING.value


def _heaviest(account: Account, rows: Sequence[CpuRow | GoroutineWait]) -> tuple[Place | None, Stack, list[Fact]]:
    at: dict[Place, float] = defaultdict(float)
    for row in rows:
        if place := account.place(row.stack):
            at[place] += row.seconds
    place = max(at, key=lambda place: at[place], default=None)
    there = [row for row in rows if account.place(row.stack) == place] if place else []
    return place, max(there, key=lambda row: row.seconds).stack if there else (), []


def _allocator(account: Account, rows: list[CpuRow]) -> tuple[Place | None, Stack, list[Fact]]:
    """The line that makes most of what has to be collected: by the runtime's own samples of objects, or by the time
    in the allocator, or by where the collector was at work."""
    at: dict[Place, float] = defaultdict(float)
    stacks: dict[Place, Stack] = {}
    allocations = account.evidence.allocations
    for made in allocations.rows if allocations else ():
        if place := account.place(made.stack):
            at[place] += made.bytes
            stacks.setdefault(place, made.stack)
    if at:
        best = max(at, key=lambda place: at[place])
        rate = at[best] / account.seconds
        return best, stacks[best], [account.fact("allocations", f"objects made at {best}", rate, "bytes/s")]
    for row in account.samples:
        if (place := account.place(row.stack)) and fills_in_go(account.below(row)):
            at[place] += row.seconds
            stacks.setdefault(place, row.stack)
    if at:
        best = max(at, key=lambda place: at[place])
        cores = at[best] / account.seconds
        return best, stacks[best], [account.fact("cpu", f"CPU time in the allocator below {best}", cores, "cores")]
    place, stack, _ = _heaviest(account, rows)
    if place is None:
        return None, account.top_stack(rows), []
    # One function that makes objects does so in several lines: each may be the one in which the collector falls due.
    here = [row for row in rows if place.shares_function(account.place(row.stack))]
    part = sum(row.seconds for row in here) / sum(row.seconds for row in rows)
    return place, stack, [account.fact("cpu", f"of it while {place.function} made objects", part, "share")]


def _language(account: Account, rows: list[CpuRow], stack: Stack) -> Language:
    own: Frame | None = user_frame(stack, account.evidence.user_roots)
    if own is not None:
        return language_of(own)
    if any(collects_by_name(row) for row in rows):
        return Language.JAVA
    names = [frame.function for row in rows for frame in (*row.native, *row.stack)]
    if any(name.startswith("v8::") or name == "(garbage collector)" for name in names):
        return Language.JAVASCRIPT
    return Language.GO if any(name.startswith("runtime.") for name in names) else Language.PYTHON


def _examples() -> tuple[Example, ...]:
    line, other = (python(25, "serve"),), (python(18, "parse"),)
    loop = native("_PyEval_EvalFrameDefault")
    walk = (native("visit_decref"), native("subtract_refs"), native("deduce_unreachable"), native("gc_collect_main"))
    asked = (*walk, native("gc_collect_with_callback"), native("gc_collect_impl"), native("gc_collect"), loop)
    due = (*walk, native("gc_collect_generations"), native("_PyObject_GC_Link"), native("PyType_GenericAlloc"), loop)
    rest = cpu((python(60, "work"),), 4.0, leaf=(loop,))
    marks = (native("runtime.scanobject", "/srv/app"), native("runtime.gcBgMarkWorker", "/srv/app"))
    makes = (
        native("runtime.nextFreeFast", "/srv/app", "/usr/local/go/src/runtime/malloc.go", 783),
        native("runtime.mallocgc", "/srv/app", "/usr/local/go/src/runtime/malloc.go", 1016),
        native("main.session", "/srv/app", "/srv/app.go", 21),
    )
    jvm = (native("G1ParScanThreadState::trim_queue_to_threshold(unsigned int)", "/usr/lib/jvm/libjvm.so"),)
    sums = cpu((native("main.sum", "/srv/app", "/srv/app.go", 30),), 2.0)
    asked_in_go = window(samples=(cpu(marks, 3.0), cpu(makes, 0.1), sums))
    asks = (
        native("runtime.GC", "/srv/app", "/usr/local/go/src/runtime/mgc.go", 459),
        native("main.take", "/srv/app", "/srv/app.go", 60),
    )
    waits = GoroutineWait(stack=asks, seconds=1.4)
    split = native("PhaseChaitin::Split(unsigned int)", "/usr/lib/jvm/libjvm.so")
    compiles = cpu((split,), 4.0, thread="C2 CompilerThre")
    java = Frame(kind=FrameKind.JAVA, function="shop.Report.rows", file="/srv/Report.java", line=14)
    full = window(samples=(cpu(jvm, 4.0, thread="GC Thread#0"), cpu((java,), 5.0)))
    objects = AllocationRow(pid=4242, function="new java.lang.Double", stack=(java,), calls=900, bytes=800_000_000)
    return (
        Example(
            "gc.collect() for each request",
            True,
            "the collector was asked by a line of the program",
            window(samples=(cpu(line, 5.0, leaf=asked), rest)),
        ),
        Example(
            "trees that know their parents",
            True,
            "collections fall due while one function makes nodes",
            window(samples=(cpu(other, 3.0, leaf=due), rest)),
        ),
        Example(
            "runtime.GC() after each batch",
            True,
            "the markers run on other threads, and a goroutine is seen to wait for them in its call",
            asked_in_go.model_copy(update={"goroutines": GoroutineCount(collects=(waits,))}),
        ),
        Example(
            "small objects in Go",
            True,
            "its markers run on other threads; the line that allocates is seen beside them",
            window(samples=(cpu(marks, 3.0), cpu(makes, 3.0), sums)),
        ),
        Example(
            "a Java heap that is nearly full",
            True,
            "threads of that name do nothing else, and the machine's samples of objects name the line that makes them",
            full.model_copy(update={"allocations": AllocationProfile(mode=Mode.OBJECTS, rows=(objects,))}),
        ),
        Example(
            "a collector at ease",
            False,
            "4 % of busy time is what a collector takes",
            window(samples=(cpu(other, 0.35, leaf=due), cpu((python(60, "work"),), 8.0, leaf=(loop,)))),
        ),
        Example(
            "a program that hardly runs",
            False,
            "two fifths of what it takes go to the collector, and that is a hundredth of a core",
            window(samples=(cpu(other, 0.1, leaf=due), cpu((python(60, "work"),), 0.15, leaf=(loop,)))),
        ),
        Example(
            "objects that die by themselves",
            False,
            "CPython frees them when the last reference goes: that is not the collector",
            window(samples=(cpu(other, 3.0, leaf=(native("list_dealloc"), native("subtype_dealloc"), loop)), rest)),
        ),
        Example(
            "a JVM that compiles",
            False,
            "its other threads are no collectors",
            window(samples=(compiles, cpu((java,), 5.0))),
        ),
    )


PATTERN = Pattern(
    id="gc-pressure",
    title="much time goes to collecting garbage",
    sees="CPU samples inside the collector: CPython's gc_collect, V8's Scavenge, mark and sweep on its main and helper "
    "threads, a JVM's threads made for it, Go's background markers, sweepers and assists; and threads that a JVM holds "
    "still meanwhile. The line is the one that asks for collections, or else the one that makes most of the objects.",
    costs="The collector walks what lives again and again; the more there is and the faster new objects come, the more "
    "often. While it marks or moves, the program stands still.",
    fix="Make fewer objects, keep data in flat ones, let what lives forever be left out, give the heap room.",
    fine="A batch that loads everything once: it is collected while it grows, and then no more.",
    thresholds=(SHARE, GRAVE, MAKING, LITTLE, ASKED, WAITED),
    needs=("cpu",),
    focus=frozenset({Focus.CPU, Focus.MEMORY}),
    check=check,
    blind=lambda account: blind(account, "gc-pressure", "its collector"),
    examples=_examples,
    beats=("allocation-churn",),
)
