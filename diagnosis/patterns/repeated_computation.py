"""Is something prepared again and again that could be prepared once and kept?

That a function gives the same results again cannot be seen from outside. What can be seen are preparations, steps that
exist only to be made once for many uses; and, by the text, functions that only work something out, of what is no other
in the next round of a loop.
"""

from collections import defaultdict

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import PID, call, cpu, library, native, python, window
from perfdoctor.diagnosis.hotness import HotFunction, hot_functions
from perfdoctor.diagnosis.language import language_of
from perfdoctor.diagnosis.loading import is_loading
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.preparations import Preparation, preparation_in, preparation_of
from perfdoctor.diagnosis.recurring import CALLS, Recurring, recurring
from perfdoctor.diagnosis.user_code import user_frame
from perfdoctor.diagnosis.weight import LITTLE, WARNING_SHARE, again, percent, weigh
from perfdoctor.diagnosis.words import named, quoted
from perfdoctor.schemas.cpu import CpuRow, LineShape, RecurringCalls, ShapedLine
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Fact, Finding, Severity
from perfdoctor.schemas.frame import Frame, Stack
from perfdoctor.schemas.recording import Collection

SHARE = Threshold(
    0.05, "of busy time", "what is prepared once for many uses takes nothing that shows beside the uses themselves"
)
SAME = Threshold(0.5, "of a function's CPU time", "what else it does may be another thing each time")
FUNCTIONS = 5
_OTHERS = 2
"""functions that are named beside the heaviest one"""
_RIGHTS, _MARKDOWN = "/srv/files.go", "markdown/core.py"
"""of the examples"""


def check(account: Account) -> list[Finding]:
    found = [*_preparations(account), *_the_same(account)]
    known = {(f.location.file, f.location.line) for f in found if f.location}
    for one in recurring(account):
        if (one.place.file, one.place.line) not in known:
            found += _given_again(account, one)
    return found


def _given_again(account: Account, one: Recurring) -> list[Finding]:
    """A function that is given the same again and again."""
    calls = one.calls
    name = named(calls.function)
    times = f"{calls.different} different sets of arguments" if calls.different > 1 else "the same arguments"
    whole = "" if calls.only_gives is None else ", and by its text nothing else that it reads changes"
    return _worked_out(
        account,
        name,
        one.place,
        account.top_stack(one.rows),
        one.rows,
        told=f": {calls.calls} calls that were looked at had {times}",
        facts=(
            account.fact("arguments", f"calls of {name} that were looked at", calls.calls, "calls"),
            account.fact("arguments", "different sets of arguments among them", calls.different, "sets"),
        ),
        fix=f"keep what {name} gives, by what it is given{whole}: functools.lru_cache with a bound, a dict that is "
        "filled once, or work it out where the data is made and keep it there. Forget it when what it was made of "
        "changes.",
    )


def _the_same(account: Account) -> list[Finding]:
    """Functions of the program's own whose text, with that of their callers, says that they give the same again."""
    at: dict[tuple[str, int], list[HotFunction]] = defaultdict(list)
    for function in hot_functions(account)[:FUNCTIONS]:
        asked = account.outer_loop(function.place)
        if asked is not None and function.shaped[LineShape.SAME] >= SAME.value:
            at[asked].append(function)
    found = []
    for asked, functions in at.items():
        # (what it calls is the same again, too)
        rows = [row for each in functions for row in each.rows]
        heaviest = max(rows, key=lambda row: row.seconds)
        caller = next((f for f in heaviest.stack if (f.file, f.line) == asked), heaviest.stack[0])
        found += _worked_out(
            account,
            named(HotFunction(account, tuple(rows)).place.function),
            Place(asked[0], caller.function, asked[1]),
            heaviest.stack,
            rows,
            fix="nothing that it is made of is another the next time. Work it out once, before the loop, at start-up "
            "or where the object is made, and hand it on; or keep it, by what it is made of.",
        )
    return found


def _worked_out(
    account: Account,
    name: str,
    place: Place,
    stack: Stack,
    rows: list[CpuRow],
    *,
    told: str = "",
    facts: tuple[Fact, ...] = (),
    fix: str,
) -> list[Finding]:
    """What a function works out the same again and again."""
    cost = account.cpu_cost(rows)
    if cost < LITTLE.value * account.seconds:
        return []
    cores = sum(row.seconds for row in rows) / account.seconds
    itself = name == named(place.function)
    who, asked = (str(place), "") if itself else (name, f", asked at {place}")
    return weigh(
        account,
        "repeated-computation",
        title=f"{who} works out the same again and again{asked} ({percent(account.share(cost))} of busy time){told}",
        seconds=cost,
        place=place,
        stack=stack,
        facts=(account.fact("cpu", f"CPU time in {name}", cores, "cores"), *facts),
        fix=f"At {place}: {fix}",
        verify=again(account, f"the CPU used in {name}", f"{cores:.2f} cores for the same work", "a small part of it"),
        confidence=0.75,
        works=True,
    )


def _preparations(account: Account) -> list[Finding]:
    at: dict[Preparation, list[CpuRow]] = defaultdict(list)
    for row in account.samples:
        if not is_loading(row.stack, account.evidence.user_roots):
            preparation = preparation_in(account.below(row))
            if preparation is not None:
                at[preparation].append(row)
    found = []
    for preparation, rows in at.items():
        for place, own, others in _together(account, rows):
            found += _judge(account, place, others, preparation, own)
    return found


def _together(account: Account, rows: list[CpuRow]) -> list[tuple[Place, list[CpuRow], list[Place]]]:
    """Rows by function, with those of the functions of the same file that are each too little to matter: what is kept
    once serves them all (one mapper for what is read and for what is written)."""
    found: list[tuple[Place, list[CpuRow], list[Place]]] = []
    little: dict[str | None, list[tuple[Place, list[CpuRow]]]] = defaultdict(list)
    for place, own in account.by_function(rows):
        if account.share(account.cpu_cost(own)) < WARNING_SHARE:
            little[place.file].append((place, own))
        else:
            found.append((place, own, []))
    for functions in little.values():
        functions.sort(key=lambda function: -sum(row.seconds for row in function[1]))
        (place, _), *others = functions
        found.append((place, [row for _, own in functions for row in own], [other for other, _ in others]))
    return found


def _judge(
    account: Account, place: Place, others: list[Place], preparation: Preparation, rows: list[CpuRow]
) -> list[Finding]:
    cost = account.cpu_cost(rows)
    share = account.share(cost)
    if share < SHARE.value:
        return []
    here = [row for row in rows if account.place(row.stack) == place]
    stack = account.top_stack(here)
    own = user_frame(stack, account.evidence.user_roots)
    cure = preparation.cures.get(language_of(own), preparation.cures[None])
    cores = sum(row.seconds for row in rows) / account.seconds
    caller = _caller(account, stack, own)
    heaviest = max(here, key=lambda row: row.seconds)
    below = account.below(heaviest)
    name = next((f.function for f in reversed(below) if preparation_of(f) is not None), "")
    also = f", with {', '.join(map(str, others[:_OTHERS]))}" if others else ""
    also += f" and {len(others) - _OTHERS} more" if len(others) > _OTHERS else ""
    return weigh(
        account,
        "repeated-computation",
        title=f"{place} {preparation.what} all the time ({percent(share)} of busy time{also}){caller}",
        seconds=cost,
        place=place,
        stack=stack,
        facts=(
            account.fact("cpu", f"CPU time in {quoted(name, 60)} below {place}", cores, "cores"),
            account.fact("cpu", "samples that found it at work", sum(row.samples for row in rows), "samples"),
        ),
        fix=f"At {place}: {cure}.",
        verify=again(
            account,
            f"the CPU used at {place}",
            f"{cores:.2f} cores for the same work",
            "a small part of it",
            "trace-cpu",
        ),
        confidence=preparation.confidence,
        works=True,
        # (a password is checked)
        at_most=Severity.INFO if account.shape_at(place) is LineShape.LOGIN else preparation.at_most,
    )


def _caller(account: Account, stack: Stack, own: Frame | None) -> str:
    """The user's line that calls the one which prepares: it is often there that it could be kept."""
    upto = next((i for i, frame in enumerate(stack, 1) if frame is own), len(stack))
    outer = account.place(stack[upto:])
    return f", called at {outer}" if outer is not None and outer.function != "<module>" else ""


_SAME = ShapedLine(file=_RIGHTS, line=8, shape=LineShape.SAME, outer_file=_RIGHTS, outer_line=15)


def _with_text(seen: Evidence, told: ShapedLine = _SAME) -> Evidence:
    assert seen.cpu
    return seen.model_copy(update={"cpu": seen.cpu.model_copy(update={"shapes": (told,)})})


def _given(seen: Evidence, **more: bool | None) -> Evidence:
    """``hours_from``, or a library's ``render``, was met in 129 calls with nine sets of arguments."""
    assert seen.cpu
    met = python(64, "hours_from") if "only_gives" in more else library(_MARKDOWN, "Markdown.render")
    calls = RecurringCalls(pid=PID, file=met.file or "", function=met.function, calls=129, different=9)
    calls = calls.model_copy(update=more)
    how = Collection(backend="frames", exact=False, reason="480 looks at its frames")
    return seen.model_copy(
        update={
            "cpu": seen.cpu.model_copy(update={"recurring": (calls,)}),
            "collections": seen.collections | {"arguments": how},
        }
    )


def _examples() -> tuple[Example, ...]:
    line, handler = python(12, "match"), python(40, "route")
    loop = native("_PyEval_EvalFrameDefault")
    parse = cpu(
        (library("re/_parser.py", "_parse"), library("re/_compiler.py", "compile"), line, handler), 3.0, leaf=(loop,)
    )
    code = cpu(
        (library("re/_compiler.py", "_code"), library("re/_compiler.py", "compile"), line, handler), 2.0, leaf=(loop,)
    )
    rest = cpu((python(60, "work"),), 4.0, leaf=(loop,))
    matches = cpu((line, handler), 5.0, leaf=(native("sre_ucs1_match"), native("pattern_match"), loop))
    module = python(3, "<module>", "/srv/app/patterns.py")
    loads = cpu(
        (
            library("re/_parser.py", "_parse"),
            library("re/_compiler.py", "compile"),
            module,
            python(241, "_call_with_frames_removed", "<frozen importlib._bootstrap>"),
            python(1178, "_find_and_load", "<frozen importlib._bootstrap>"),
            python(2, "<module>"),
        ),
        5.0,
        leaf=(loop,),
    )
    gathers = cpu((native("granted", "/srv/files", _RIGHTS, 8), native("readable", "/srv/files", _RIGHTS, 15)), 5.0)
    hours = window(samples=(cpu((python(64, "hours_from"), python(81, "price"), handler), 5.0, leaf=(loop,)), rest))
    renders = (library(_MARKDOWN, "Markdown.render"), line, handler)
    letters = window(samples=(cpu((library("markdown/core.py", "parse"), *renders), 5.0, leaf=(loop,)), rest))
    sends = (call("sendto", (library("socket.py", "send"), *renders), 900, on="fd:4 (socket:[9])"),)
    libc = "/lib/x86_64-linux-gnu/libc.so.6"
    filters = native("keep", "/srv/filter", "/srv/filter.c", 30)
    compiles = (native("calc_first", libc), native("re_compile_internal", libc), native("regcomp", libc), filters)
    crypto = "/usr/lib/x86_64-linux-gnu/libcrypto.so.3"
    derives = (native("sha256_block", crypto), native("PKCS5_PBKDF2_HMAC", crypto), native("pbkdf2_hmac_impl"), loop)
    hashes = (native("sha256_block", crypto), native("EVP_DigestUpdate", crypto), native("EVP_update"), loop)
    return (
        Example(
            "patterns that are compiled for each request",
            True,
            "half of busy time is in the compiler of regular expressions, below one line",
            window(samples=(parse, code, rest)),
        ),
        Example("regcomp in a loop", True, "the same in C", window(samples=(cpu(compiles, 5.0), rest))),
        Example(
            "a key derived for each request",
            True,
            "PBKDF2 is made to be slow, and holds half of busy time",
            window(samples=(cpu((python(9, "check"), handler), 5.0, leaf=derives), rest)),
        ),
        Example(
            "a password that is checked at a login",
            False,
            "by its text the line compares what is derived with what is kept",
            _with_text(
                window(samples=(cpu((python(9, "check", _RIGHTS), handler), 5.0, leaf=derives), rest)),
                ShapedLine(file=_RIGHTS, line=9, shape=LineShape.LOGIN),
            ),
        ),
        Example(
            "rights that are gathered anew for each file",
            True,
            "the text says that what is given is the same in each round of the loop over the files",
            _with_text(window(samples=(gathers, rest))),
        ),
        Example(
            "rights that are gathered for each user",
            False,
            "nothing says that they are the same",
            window(samples=(gathers, rest)),
        ),
        Example(
            "the same few villages",
            True,
            "129 calls that were looked at had nine sets of arguments, and by its text the function only gives",
            _given(hours, only_gives=True),
        ),
        Example(
            "the same few villages, on roads that change",
            False,
            "what the function reads may be another each time",
            _given(hours, only_gives=False),
        ),
        Example(
            "the same list, which may hold others",
            False,
            "one of its arguments is an object",
            _given(hours, only_gives=True, objects=True),
        ),
        Example(
            "articles that are rendered for each reader",
            True,
            "the texts that the library is given are kept by the program",
            _given(letters, kept=True),
        ),
        Example(
            "articles as they are handed in",
            False,
            "the texts are made anew each time, though they say the same",
            _given(letters, kept=False),
        ),
        Example(
            "articles that are sent to somebody",
            False,
            "below the library's function there are system calls: it does more than compute",
            _given(letters.model_copy(update={"syscalls": window(calls=sends).syscalls}), kept=True),
        ),
        Example(
            "matching with a compiled pattern",
            False,
            "the pattern is used, which is what it was compiled for",
            window(samples=(matches, rest)),
        ),
        Example(
            "patterns compiled while modules load",
            False,
            "an import on the stack: it happens once",
            window(samples=(loads, rest)),
        ),
        Example(
            "hashing files",
            False,
            "the same primitive, below a plain digest: the data is different each time",
            window(samples=(cpu((python(9, "digest"),), 5.0, leaf=hashes), rest)),
        ),
    )


PATTERN = Pattern(
    id="repeated-computation",
    title="the same preparation is made again and again",
    sees="CPU samples below a line in steps that exist to be made once for many uses: compiling regular expressions, "
    "templates or source text, setting up TLS contexts, loading time zones, locales and formatters, "
    "checking schemas and working out mappers, deriving keys. Functions of your own that only give back what they work "
    "out, where the text says that they are given the same in each round of a loop; what a function makes of "
    "constants alone whenever it is asked for something. And functions of Python whose frames (of CPython 3.11 to "
    "3.13) show that they are called with a few sets of arguments again and again.",
    costs="The preparation takes many times longer than the use that it is made for.",
    fix="Prepare once, before the loop or at the first use, and keep it by what it was made of.",
    fine="A service whose work it is: a login that checks a password, a tool that compiles what it is given.",
    thresholds=(SHARE, SAME, LITTLE, CALLS),
    needs=("cpu",),
    focus=frozenset({Focus.CPU}),
    check=check,
    examples=_examples,
    beats=("hot-loop", "string-building", "allocation-churn", "serialization-overhead", "repeated-read"),
    causes=("gc-pressure",),
)
