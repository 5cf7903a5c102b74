"""Is the same file opened and closed again and again?"""

from collections import defaultdict

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import call, cpu, python, window
from perfdoctor.diagnosis.objects import file_of
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.weight import again, rate, weigh
from perfdoctor.diagnosis.words import quoted
from perfdoctor.schemas.files import FileFact
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.syscalls import SyscallRow

RATE = Threshold(20, "opens/s", "fewer cost less than anyone could measure")
REPEATS = Threshold(
    10, "opens of one path", "a file that is written and then read is opened a few times, for good reasons"
)
WHOLE = Threshold(0.5, "of a file's size, written for each open", "it is written anew, and must be opened for that")
ALL = Threshold(
    1 << 17, "bytes written for each open", "of a file whose size is not known: beside so much opening is little"
)
MOSTLY = Threshold(0.5, "of the line's opens", "a line that walks through many files reopens few of them")
_DEVICES = frozenset({"/dev/urandom", "/dev/random", "/dev/null", "/dev/zero"})


def check(account: Account) -> list[Finding]:
    found = []
    opens = [row for row in account.calls if row.syscall in calls.OPENS and row.calls > row.errors]
    for place, rows in account.by_place(opens).items():
        found += _judge(account, place, rows)
    return found


def _file_of(thing: str | None) -> str | None:
    """A file, or a device that is read like one."""
    return file_of(thing) or (thing if thing in _DEVICES else None)


def _judge(account: Account, place: Place | None, rows: list[SyscallRow]) -> list[Finding]:
    opened: dict[str, int] = {}
    for row in rows:
        if path := _file_of(row.object):
            opened[path] = opened.get(path, 0) + row.calls - row.errors
    again_and_again = {path: n for path, n in opened.items() if n >= REPEATS.value}
    total = sum(again_and_again.values())
    every = sum(row.calls - row.errors for row in rows)
    if total / account.seconds < RATE.value or total < MOSTLY.value * every:
        return []
    around = [row for row in _companions(account, place, rows) if _file_of(row.object) in again_and_again]
    seconds = sum(row.seconds for row in (*rows, *around)) + account.beside((*rows, *around))
    most = max(again_and_again, key=lambda path: again_and_again[path])
    top = quoted(most)
    others = f" and {len(again_and_again) - 1} others" if len(again_and_again) > 1 else ""
    heaviest = max(rows, key=lambda row: row.calls)
    at = place or heaviest.syscall
    return weigh(
        account,
        "open-close-churn",
        title=f"{at} opens {top}{others} {rate(total / account.seconds)} times a second",
        seconds=seconds,
        place=place,
        stack=heaviest.stack,
        facts=(
            account.fact("syscalls", "opens of files that were opened before", total / account.seconds, "calls/s"),
            account.fact("syscalls", f"opens of {top}", again_and_again[most], "calls"),
            account.fact(
                "syscalls",
                "time to open, question and close",
                sum(r.seconds for r in (*rows, *around)) / account.seconds,
                "s/s",
            ),
        ),
        fix=f"Open {top} once, outside of the loop or request, and keep the file open (logging.FileHandler does, for "
        f"logs); flush where others must see the data. The line is {at}.",
        verify=again(
            account, f"opens at {at}", f"{rate(total / account.seconds)}/s", "0 or one in a while", "trace-syscalls"
        ),
        confidence=0.85,
        works=True,
        at_most=Severity.INFO if _is_written_anew(account, again_and_again) else Severity.CRITICAL,
    )


def _is_written_anew(account: Account, opened: dict[str, int]) -> bool:
    """Whether an open is that of a file that is written in full each time: it holds no more than what goes to it then.
    (To append to a file, or to change some of it, it could stay open.)"""
    sizes = {fact.path: fact.size for fact in account.evidence.files if fact.path in opened}
    written: dict[str, int] = defaultdict(int)
    for row in account.calls:
        path = _file_of(row.object)
        if path in opened and row.syscall in calls.WRITES:
            written[path] += row.bytes
    whole = sum(n for path, n in opened.items() if 0 < written[path] >= WHOLE.value * n * sizes.get(path, ALL.value))
    return whole >= MOSTLY.value * sum(opened.values())


def _companions(account: Account, place: Place | None, opens: list[SyscallRow]) -> list[SyscallRow]:
    """What goes with the opens: calls of the same function on the descriptors that they got; those of other functions
    too (one opens, another closes), on files that nobody else opens."""
    own = {_file_of(row.object) for row in opens}
    lines = {account.place(row.stack) for row in opens}
    theirs = {
        _file_of(row.object)
        for row in account.calls
        if row.syscall in calls.OPENS and account.place(row.stack) not in lines
    }
    return [
        row
        for row in account.calls
        if row.syscall in calls.OPEN_COMPANIONS
        and (_is_beside(place, account.place(row.stack)) or _file_of(row.object) in own - theirs)
    ]


def _is_beside(place: Place | None, other: Place | None) -> bool:
    """Whether two lines are of one function, or both of nobody's."""
    return place.shares_function(other) if place else other is None


def _examples() -> tuple[Example, ...]:
    line, inside = (python(12, "audit"),), (python(13, "audit"),)
    work = cpu((python(60, "handle"),), 5.0)
    path = "/var/log/audit.log"
    churn = (
        call("openat", line, 40_000, on=path, seconds=0.9),
        call("newfstatat", line, 40_000, on=path, seconds=0.2),
        call("write", inside, 40_000, on=path, transferred=40_000 * 70, seconds=0.5),
        call("close", line, 40_000, on=path, seconds=0.5),
    )
    opener, writer = (python(12, "Journal.file"),), (python(20, "Journal.note"),)
    apart = (
        call("openat", opener, 40_000, on=path, seconds=0.5),
        call("write", writer, 40_000, on=path, transferred=40_000 * 70, seconds=0.5),
        call("close", writer, 40_000, on=path, seconds=0.9),
    )
    page = "/srv/season-1.html"
    anew = (
        call("openat", opener, 1800, on=page, seconds=1.5),
        call("write", writer, 90_000, on=page, transferred=1800 * 900_000, seconds=2.0),
        call("close", opener, 1800, on=page, seconds=0.5),
    )
    walk = tuple(call("openat", line, 1, on=f"/data/{i}.csv", seconds=0.0003) for i in range(3000))
    reload = call("openat", line, 12, on="/etc/app.ini", seconds=0.0003)
    device = "/dev/urandom"
    salts = (
        call("openat", line, 40_000, on=device, seconds=0.6),
        call("read", inside, 40_000, on=device, transferred=40_000 * 16, seconds=0.3),
        call("close", line, 40_000, on=device, seconds=0.3),
    )
    return (
        Example(
            "a device that is opened for each few bytes",
            True,
            "4,000 opens a second of what could stay open",
            window(calls=salts, samples=(work,)),
        ),
        Example(
            "a log opened for each line",
            True,
            "4,000 opens a second of one file",
            window(calls=churn, samples=(cpu(line, 1.5), work)),
        ),
        Example(
            "one function opens, another closes",
            True,
            "what the opens and closes of one file take together",
            window(calls=apart, samples=(work,)),
        ),
        Example(
            "pages that are written anew",
            False,
            "what is written for each open is all that the file holds",
            window(
                calls=anew, samples=(work,), files=(FileFact(path="/srv/season-1.html", kind="file", size=900_000),)
            ),
        ),
        Example("a walk over many files", False, "each file is opened once", window(calls=walk, samples=(work,))),
        Example(
            "a settings file that is reloaded",
            False,
            "about one open a second",
            window(calls=(reload,), samples=(work,)),
        ),
    )


PATTERN = Pattern(
    id="open-close-churn",
    title="the same file is opened and closed again and again",
    sees="A line that opens the same path many times in the window, each descriptor living for a few calls.",
    costs="An open and its close cost 3 to 20 µs in the kernel (look-up, permission checks, allocation), the "
    "runtime's own questions about the new descriptor as much again, and buffering cannot work across openings.",
    fix="Open once and keep the file, the connection or the handler; flush when the data must be seen.",
    fine="Files that others rename or rotate at any time, at a low rate; tools that must not hold files open.",
    thresholds=(RATE, REPEATS, MOSTLY, WHOLE, ALL),
    needs=("syscalls",),
    focus=frozenset({Focus.IO}),
    check=check,
    examples=_examples,
    beats=("excessive-stat", "small-io", "hot-loop"),
)
