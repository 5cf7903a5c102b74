"""Is the file system asked the same question again and again?"""

from collections import defaultdict

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import call, cpu, python, window
from perfdoctor.diagnosis.objects import path_of
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.weight import again, percent, rate, weigh
from perfdoctor.diagnosis.words import quoted
from perfdoctor.schemas.finding import Finding
from perfdoctor.schemas.syscalls import SyscallRow

RATE = Threshold(100, "calls/s", "fewer cost less than anyone could measure")
REPEATS = Threshold(5, "look-ups of one path", "a scan looks at each path once, or twice when it opens it too")
MISSING = Threshold(0.5, "of the look-ups", "a search in the wrong order finds nothing more often than something")


def check(account: Account) -> list[Finding]:
    found = []
    lookups = [row for row in account.calls if row.syscall in calls.LOOKUPS]
    for place, rows in account.by_place(lookups).items():
        opens = sum(r.calls - r.errors for r in account.calls_at.get(place, ()) if r.syscall in calls.OPENS)
        # open() asks the descriptor that it got for its size: that belongs to the opening
        asked = [row for row in rows if not (row.syscall == "newfstatat" and opens >= 0.3 * row.calls)]
        found += _judge(account, place, asked)
    return found


def _judge(account: Account, place: Place | None, rows: list[SyscallRow]) -> list[Finding]:
    total = sum(row.calls for row in rows)
    if total / account.seconds < RATE.value:
        return []
    paths: dict[str, int] = defaultdict(int)
    for row in rows:
        if path := path_of(row.object):
            paths[path] += row.calls
    missing = sum(row.errors for row in rows) / total
    repeats = sum(paths.values()) / len(paths) if paths else 0.0
    if paths and repeats < REPEATS.value and missing < MISSING.value:
        return []
    seconds = sum(row.seconds for row in rows) + account.beside(rows)
    heaviest = max(rows, key=lambda row: row.calls)
    top = quoted(max(paths, key=lambda path: paths[path])) if paths else "paths that this backend cannot tell"
    others = f" and {len(paths) - 1} others" if len(paths) > 1 else ""
    at = place or heaviest.syscall
    per_second = total / account.seconds
    if missing >= MISSING.value:
        cure = (
            f"{percent(missing)} of the look-ups find nothing: look first where the file is, remember what is "
            "missing, or list the folder once instead of asking for each name."
        )
    else:
        cure = (
            f"Ask for {top} once and keep the answer: for the run, for a second, or until inotify says that it changed."
        )
    return weigh(
        account,
        "excessive-stat",
        title=f"{at} looks up {top}{others} {rate(per_second)} times a second",
        seconds=seconds,
        place=place,
        stack=heaviest.stack,
        facts=(
            account.fact("syscalls", f"{heaviest.syscall} and its kin", per_second, "calls/s"),
            account.fact("syscalls", "look-ups of each path", repeats, "calls"),
            account.fact("syscalls", "look-ups that failed", missing, "share"),
            account.fact("syscalls", "time in these calls", sum(r.seconds for r in rows) / account.seconds, "s/s"),
        ),
        fix=f"At {at}: {cure}",
        verify=again(account, f"{heaviest.syscall} calls at {at}", f"{rate(per_second)}/s", "a few", "trace-syscalls"),
        confidence=0.9 if paths else 0.5,
        works=True,
    )


def _examples() -> tuple[Example, ...]:
    line = (python(17, "is_enabled"),)
    work = cpu((python(60, "handle"),), 4.0)
    same = call("newfstatat", line, 300_000, on="/etc/app/flags.json", seconds=1.2)
    search = tuple(
        call("newfstatat", line, 90_000, on=f"/opt/plugins/{i}/theme.css", errors=90_000 if i else 0, seconds=0.3)
        for i in range(4)
    )
    scan = tuple(call("lstat", line, 1, on=f"/data/{i:04}.jpg", seconds=0.0005) for i in range(3000))
    poll = call("stat", line, 50, on="/etc/app/flags.json", seconds=0.0002)
    opened = (
        call("openat", line, 20_000, on="/data/in.csv", seconds=0.5),
        call("newfstatat", line, 20_000, on="/data/in.csv", seconds=0.1),
    )
    return (
        Example(
            "a settings file at each request",
            True,
            "30,000 questions a second about one unchanged path",
            window(calls=(same,), samples=(cpu(line, 1.5), work)),
        ),
        Example(
            "a search path in the wrong order",
            True,
            "three of four look-ups find nothing",
            window(calls=search, samples=(cpu(line, 1.0), work)),
        ),
        Example("a scan of a folder", False, "each path is looked at once", window(calls=scan, samples=(work,))),
        Example(
            "a reload check five times a second",
            False,
            "too few to cost anything",
            window(calls=(poll,), samples=(work,)),
        ),
        Example(
            "the fstat of an open",
            False,
            "it comes with the opening, which is the thing to save",
            window(calls=opened, samples=(work,)),
        ),
    )


PATTERN = Pattern(
    id="excessive-stat",
    title="the file system is asked the same question again and again",
    sees="Many stat, access or readlink calls from one line, for the same paths each time, or mostly for files that "
    "are not there.",
    costs="Each look-up walks the path in the kernel (1 to 5 µs, far more on network file systems), and the "
    "interpreter's path handling around it costs as much again.",
    fix="Ask once and keep the answer; watch for changes with inotify or a timer; put the likeliest folder first; "
    "list a folder once instead of asking for each name.",
    fine="A scan that looks at each file once (backup, synchronisation, build tools).",
    thresholds=(RATE, REPEATS, MISSING),
    needs=("syscalls",),
    focus=frozenset({Focus.IO}),
    check=check,
    examples=_examples,
    beats=("hot-loop",),
)
