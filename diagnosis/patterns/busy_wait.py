"""Is a core burnt by a thread that waits?"""

import re
from typing import NamedTuple

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import call, cpu, kernel, library, native, python, window
from perfdoctor.diagnosis.hotness import HotFunction, hot_functions
from perfdoctor.diagnosis.interpreter import Work
from perfdoctor.diagnosis.loops import runs_in_callback
from perfdoctor.diagnosis.nameless import blind
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.weight import again, rate, weigh
from perfdoctor.schemas.cpu import LineShape, ShapedLine
from perfdoctor.schemas.finding import Fact, Finding
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.syscalls import SyscallRow

CORE = Threshold(
    0.5, "of one core", "a thread that waits in earnest takes all the CPU it can get; below half it does something else"
)
CLOCK = Threshold(
    0.15, "of the function's CPU time", "asking for the time is cheap: code that also works never reaches this share"
)
ASKING = Threshold(0.1, "of the function's CPU time", "the calls that ask are short beside the loop that makes them")
ONE_LINE = Threshold(
    0.95, "of the function's CPU time on one line", "a loop that only tests a flag is one line long, or two"
)
WORKING = Threshold(
    0.08, "of the function's CPU time", "a loop that makes objects, computes or hashes does work, even if on one line"
)
FRUITLESS = Threshold(
    0.9, "of the calls", "a loop over non-blocking calls that nearly all say `nothing yet` waits for them"
)
CALLS = Threshold(2000, "calls/s", "a poll at this rate leaves no pause between two attempts")


class _Told(NamedTuple):
    reason: str
    confidence: float
    facts: tuple[Fact, ...]
    stack: Stack


_MOST_TURNS = 0.5
"""of what an event loop runs of the user's code is the callback that never lets it sleep"""


def check(account: Account) -> list[Finding]:
    asked = _by_calls(account)
    places = {(f.location.file, f.location.function) for f in asked if f.location}
    found = list(asked)
    for function in hot_functions(account):
        if function.cost / account.seconds < CORE.value:
            continue
        if (function.place.file, function.place.function) in places:
            continue
        reason, confidence = _reason(function)
        if reason:
            facts = (
                account.fact("cpu", "CPU used by the loop", function.seconds / account.seconds, "cores"),
                account.fact(
                    "cpu", "of it on its hottest line", function.lines[0][1] if function.lines else 0.0, "share"
                ),
            )
            told = _Told(reason, confidence, facts, function.rows[0].stack)
            found += _finding(account, function.place, function.cost, told)
    return found


def _reason(function: HotFunction) -> tuple[str, float]:
    tight = sum(share for _, share in function.lines[:3])
    asks_time = function.work[Work.CLOCK] >= CLOCK.value and _does_nothing_else(function) and _asks_itself(function)
    if asks_time and tight >= ONE_LINE.value:
        return "asks for the time until it has passed", 0.9
    if function.asking >= ASKING.value and tight >= ONE_LINE.value:
        return "asks whether something has happened, again and again", 0.9
    name = function.place.function
    if not function.is_python:
        if function.shaped[LineShape.SPIN] >= ONE_LINE.value:
            return "goes round a loop that does nothing until another thread changes what it looks at", 0.9
        if tight >= ONE_LINE.value and _only_loads(function):
            return "looks at an atomic variable until another thread changes it", 0.75
        # A tight native loop may as well be numerics: only its own name can tell.
        return ("spins", 0.5) if _says_wait(name) and tight >= ONE_LINE.value else ("", 0.0)
    if name.endswith(">") or function.recursive:  # <genexpr>, <lambda>: a loop over data on one line
        return "", 0.0
    work = function.work
    idles = work[Work.INTERPRET] + work[Work.COMPARE]
    one_line = bool(function.lines) and function.lines[0][1] >= ONE_LINE.value
    # `while True: if queue: …` is two lines; its test shows as PyObject_IsTrue, which a loop over data has no use for
    if work[Work.MAKE] < WORKING.value and idles > 0.9 and (one_line or (tight >= 0.99 and _says_wait(name))):
        return "tests a flag that another thread should set", 0.6
    return "", 0.0


def _does_nothing_else(function: HotFunction) -> bool:
    """In compiled code, which is fast enough for the clock to show beside honest work. (Python makes objects even to
    compare two times, and other work always shows beside it.)"""
    return function.is_python or function.work[Work.CLOCK] + function.work[Work.OWN] >= FRUITLESS.value


def _asks_itself(function: HotFunction) -> bool:
    """Whether it is the program that asks for the time. The interpreter asks too, at every lock it takes: a buffered
    file that is written field by field spends a sixth of its time so. A program goes through the time module."""
    return not function.is_python or any(
        frame.function.startswith("time_") for row in function.rows for frame in row.native[:3]
    )


# std::__atomic_base<long>::load(std::memory_order) const   core::sync::atomic::AtomicBool::load
_LOAD = re.compile(r"atomic\w*(?:<.*>)?::(?:\w+::)*(?:load|test)\b|(?:^|::)(?:__)?atomic_load")


def _only_loads(function: HotFunction) -> bool:
    """Whether one line of it loads an atomic variable, and nothing else is called: its loop is that line."""
    loads = sum(row.seconds for row in function.rows if row.stack and _LOAD.search(row.stack[0].function))
    own = sum(row.seconds for row in function.rows if _is_own(row.stack, function.place))
    lines = {frame.line for row in function.rows for frame in row.stack if function.place.shares_function(frame)}
    return loads > 0 and loads + own >= ONE_LINE.value * function.seconds and len(lines) == 1


def _is_own(stack: Stack, place: Place) -> bool:
    return bool(stack) and place.shares_function(stack[0])


def _says_wait(function: str) -> bool:
    """By its own name: that of its class or module says what that is for."""
    function = re.split(r"[.:]", function.partition("(")[0])[-1]
    return any(word in function.lower() for word in ("wait", "spin", "poll", "busy", "until"))


def _by_calls(account: Account) -> list[Finding]:
    found = []
    for place, rows in account.calls_at.items():
        spins = [row for row in rows if _is_fruitless(row) or _is_idle_poll(account, row)]
        total = sum(row.calls for row in spins)
        names = {row.syscall for row in spins}
        # (A client that looks whether its connection still stands before each request asks in vain, and works.)
        if total < FRUITLESS.value * sum(row.calls for row in rows if row.syscall in names):
            continue
        asleep = sum(row.blocked_seconds for row in rows)
        on_core = sum(row.on_core_seconds for row in spins) + account.beside(spins)
        if place is None or total / account.seconds < CALLS.value or asleep > on_core:
            continue
        beside = account.samples_at.get(place, [])
        burnt = max(on_core, sum(row.seconds for row in beside))
        if burnt / account.seconds < CORE.value:
            continue
        name = max(spins, key=lambda row: row.calls).syscall
        facts = (
            account.fact("syscalls", f"{name} that brought nothing", total / account.seconds, "calls/s"),
            account.fact("cpu", "CPU used by the loop", burnt / account.seconds, "cores"),
        )
        reason = f"calls {name} {rate(total / account.seconds)} times a second, to hear that nothing has happened"
        where, stack = _goes_round(account, spins[0]) or (place, spins[0].stack)
        found += _finding(account, where, burnt, _Told(reason, 0.9, facts, stack))
    return found


def _goes_round(account: Account, poll: SyscallRow) -> tuple[Place, Stack] | None:
    """Of an event loop that never sleeps, the callback or coroutine that asks for its turn again and again: the poll
    itself stands below whoever started the loop."""
    if runs_in_callback(poll.stack):
        return None
    starter = account.place(poll.stack)  # (which stands below all that the loop runs)
    turns = [
        row
        for row in account.samples
        if row.pid == poll.pid and runs_in_callback(row.stack) and account.place(row.stack) not in (None, starter)
    ]
    if not turns:
        return None
    where, rows = max(account.by_function(turns), key=lambda group: sum(row.seconds for row in group[1]))
    if sum(row.seconds for row in rows) < _MOST_TURNS * sum(row.seconds for row in turns):
        return None
    return where, account.top_stack(row for row in rows if account.place(row.stack) == where)


def _is_fruitless(row: SyscallRow) -> bool:
    if row.syscall in calls.YIELDS or row.syscall in calls.CLOCKS:
        return True
    if row.syscall in calls.POLLS or row.syscall in calls.WAITS_FOR_CHILD:
        return row.empty >= FRUITLESS.value * row.calls > 0
    if row.syscall in calls.READS | calls.RECEIVES | calls.ACCEPTS:
        return row.errors >= FRUITLESS.value * row.calls > 0
    return False


def _is_idle_poll(account: Account, row: SyscallRow) -> bool:
    """A poll that returns at once, every time, with events on which next to nothing is done: it was asked to tell of
    what is always so (that a socket can be written to)."""
    if row.syscall not in calls.POLLS or row.calls < CALLS.value * account.seconds or row.blocked_seconds > 0:
        return False
    others = sum(r.calls for r in account.calls if r.pid == row.pid and r.syscall not in calls.POLLS)
    return others <= (1 - FRUITLESS.value) * row.calls


def _finding(account: Account, place: Place, seconds: float, told: _Told) -> list[Finding]:
    cores = seconds / account.seconds
    return weigh(
        account,
        "busy-wait",
        title=f"{place} {told.reason}: {cores:.1f} cores burnt without a result",
        seconds=seconds,
        place=place,
        stack=told.stack,
        facts=told.facts,
        fix=f"Block at {place} until there is something to do: wait on a condition, an event or a queue that the "
        "other side signals, or in a blocking read or poll without a time limit of zero. If it must be checked, "
        "sleep between checks.",
        verify=again(account, f"the CPU used at {place}", f"{cores:.2f} cores", "close to 0"),
        confidence=told.confidence,
    )


def _examples() -> tuple[Example, ...]:
    flag = python(31, "wait_until_ready")
    loop = native("_PyEval_EvalFrameDefault")
    spin = window(samples=(cpu((flag,), 9.7, leaf=(loop,)), cpu((python(32, "wait_until_ready"),), 0.2, leaf=(loop,))))
    clock = (
        cpu((python(8, "pause"),), 3.0, leaf=(native("[vdso]", ""),)),
        cpu((python(8, "pause"),), 1.0, leaf=(native("time_monotonic"),)),
        cpu((python(8, "pause"),), 5.5, leaf=(loop,)),
    )
    writer = (
        cpu((python(15, "export"),), 1.8, leaf=(native("[vdso]", ""), native("clock_gettime", "/usr/lib/libc.so.6"))),
        cpu((python(15, "export"),), 7.5, leaf=(loop,)),
    )
    event = (
        cpu((python(12, "run"),), 7.0, leaf=(loop,)),
        cpu((library("threading.py", "Event.is_set"), python(12, "run")), 2.0, leaf=(loop,)),
    )
    read = (python(44, "drain"),)
    loop_in_c = (native("epoll_wait", "/usr/lib/libc.so.6"), native("main", "/srv/proxy", "/srv/proxy.c", 132))
    few = call("write", read, 7000, on="fd:7 (socket:[9])", seconds=0.1)
    many = call("write", read, 6_000_000, on="fd:7 (socket:[9])", seconds=2.0)
    ready = call("epoll_wait", loop_in_c, 7_000_000, on="fd:5 (anon_inode:[eventpoll])", seconds=6.5)
    spins_in_c = cpu(loop_in_c, 9.0, inside=kernel("ep_send_events", "do_syscall_64"))
    retries = call("recvfrom", read, 9_000_000, on="fd:5 (socket:[77])", errors=8_999_000, seconds=4.0)
    client = (library("redis/connection.py", "Connection.can_read"), python(19, "price"))
    answer = (library("redis/connection.py", "Connection.read_response"), python(19, "price"))
    checked = (
        call("recvfrom", client, 25_000, on="fd:5 (socket:[77])", errors=25_000, seconds=0.1),
        call("sendto", answer, 25_000, on="fd:5 (socket:[77])", transferred=25_000 * 900, seconds=0.3),
        call("recvfrom", answer, 25_000, on="fd:5 (socket:[77])", transferred=25_000 * 400, seconds=1.0, blocked=0.8),
    )
    crunch = (
        cpu((python(5, "total"),), 6.0, leaf=(native("_PyLong_Multiply"),)),
        cpu((python(5, "total"),), 3.5, leaf=(loop,)),
    )
    turns, computes = (
        native("next(long)", "/srv/app", "/srv/app.cpp", 14),
        native("next(long)", "/srv/app", "/srv/app.cpp", 15),
    )
    load = native(
        "std::__atomic_base<long>::load(std::memory_order) const", "/srv/app", "/usr/include/atomic_base.h", 488
    )
    taken = native("hub::next", "/srv/hub", "/srv/hub.rs", 66)
    asks = native("std::sync::mpsc::Receiver<T>::try_recv", "/srv/hub", "/rustc/4f/library/std/src/sync/mpsc.rs", 790)
    reader = (python(20, "copy"),)
    reads = call("read", reader, 900_000, on="/data/in", transferred=900_000 * 65536, seconds=8.0)
    asleep = call("epoll_wait", (library("selectors.py", "EpollSelector.select"),), 500, blocked=9.9, empty=20)
    entry = Frame(kind=FrameKind.JAVASCRIPT, function="note", file="/srv/log.js", line=12)
    node = "/usr/bin/node"
    entries = (
        cpu((entry,), 2.0, leaf=(native("[vdso]", ""), native("v8::internal::JSDate::CurrentTimeValue()", node))),
        cpu(
            (entry,), 5.0, leaf=(native("Builtins_NumberToString", node), native("Builtins_StringAdd_CheckNone", node))
        ),
        cpu((entry,), 2.5, leaf=(native("[anonymous memory]", ""),)),
    )
    takes = native("ring_take", "/srv/hoist", "/srv/hoist.c", 59)
    ring = window(samples=(cpu((takes,), 9.8),), threads=2)
    assert ring.cpu is not None
    waits = ShapedLine(file="/srv/hoist.c", line=59, shape=LineShape.SPIN)
    told = ring.model_copy(update={"cpu": ring.cpu.model_copy(update={"shapes": (waits,)})})
    return (
        Example("a loop in C without a body", True, "its text says that it waits for another thread", told),
        Example("a tight loop in C", False, "it may as well compute", ring),
        Example("a loop on a flag", True, "one line, all of a core, and nothing is made or computed", spin),
        Example("a loop on the clock", True, "nearly half of the loop is asking for the time", window(samples=clock)),
        Example(
            "numpy.full, again and again",
            False,
            "a plain function of another package asks nothing, whatever it is called",
            window(samples=(cpu((library("site-packages/numpy/_core/numeric.py", "full"), flag), 9.7),)),
        ),
        Example("a loop on Event.is_set", True, "it asks for an event that it could wait for", window(samples=event)),
        Example(
            "a socket read that never has data",
            True,
            "999 of 1,000 calls say `nothing yet`, with no pause between them",
            window(
                calls=(retries,), samples=(cpu(read, 4.0, inside=kernel("do_syscall_64")), cpu(read, 5.5, leaf=(loop,)))
            ),
        ),
        Example(
            "a loop of events that asks whether it may write",
            True,
            "epoll_wait returns at once 700,000 times a second, and next to nothing is read or written",
            window(calls=(ready, few), samples=(spins_in_c,)),
        ),
        Example(
            "a busy loop of events",
            False,
            "each time that epoll_wait returns at once something is read and answered",
            window(
                calls=(ready, many),
                samples=(spins_in_c,),
            ),
        ),
        Example(
            "a loop on an atomic variable in C++",
            True,
            "one line loads it, and nothing else is done",
            window(samples=(cpu((turns,), 9.4), cpu((load, turns), 0.3))),
        ),
        Example(
            "a channel that is asked over and over",
            True,
            "try_recv of Rust's channels holds most of the loop, which is three lines long",
            window(samples=(cpu((asks, taken), 5.0), cpu((taken,), 4.5))),
        ),
        Example(
            "a computation that may be stopped",
            False,
            "it looks at an atomic flag in one line, and computes in others",
            window(samples=(cpu((turns,), 1.4), cpu((load, turns), 0.3), cpu((computes,), 8.0))),
        ),
        Example(
            "a computation on one line",
            False,
            "the line multiplies: it makes objects, so it does work",
            window(samples=crunch),
        ),
        Example(
            "a fast copy loop",
            False,
            "the calls come without a pause, but every one brings data",
            window(calls=(reads,), samples=(cpu(reader, 8.0, inside=kernel("do_syscall_64")),)),
        ),
        Example(
            "a file written field by field through a buffer",
            False,
            "the clock is asked by the interpreter, for the buffer's lock, and not by the program",
            window(samples=writer),
        ),
        Example(
            "a log in JavaScript",
            False,
            "the clock is a fifth of the line, beside the text that is made for each entry",
            window(samples=entries),
        ),
        Example(
            "a client that looks at its connection before each request",
            False,
            "every second read finds nothing, as it should, and every other one an answer",
            window(calls=checked, samples=(cpu(client, 2.0, leaf=(loop,)), cpu(answer, 6.0, leaf=(loop,)))),
        ),
        Example("an event loop at rest", False, "it sleeps until something happens", window(calls=(asleep,))),
    )


PATTERN = Pattern(
    id="busy-wait",
    title="a core is burnt by waiting",
    sees="A thread that keeps a core busy on one or two lines that only ask: a flag, the clock, `Event.is_set`, "
    "`Queue.empty`, `sched_yield`, a poll with a time limit of zero, or non-blocking reads that find nothing.",
    costs="The core is taken from everybody else, the thread that is waited for included. In Python it also holds "
    "the interpreter lock that the other thread needs to get done.",
    fix="Let the other side wake the waiting one: `threading.Event.wait`, `Condition.wait`, `Queue.get`, a blocking "
    "read, `poll` with a time limit, a futex or condition variable in native code.",
    fine="Waits that are known to last microseconds, on a core that is reserved for them (kernel-bypass networking, "
    "spin locks in native code).",
    thresholds=(CORE, CLOCK, ASKING, ONE_LINE, WORKING, FRUITLESS, CALLS),
    needs=("cpu",),
    focus=frozenset({Focus.CPU, Focus.CONCURRENCY}),
    check=check,
    blind=lambda account: blind(account, "busy-wait", "what a loop asks"),
    examples=_examples,
    beats=("hot-loop", "polling-loop", "gil-contention", "pool-oversized"),
)
