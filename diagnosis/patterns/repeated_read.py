"""Is the same unchanged file read in full again and again?"""

import re
from collections import defaultdict

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import call, cpu, python, window
from perfdoctor.diagnosis.objects import file_of
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.weight import again, rate, size, weigh
from perfdoctor.diagnosis.words import quoted
from perfdoctor.schemas.files import FileFact
from perfdoctor.schemas.finding import Finding, Location, Severity
from perfdoctor.schemas.syscalls import SyscallRow

PASSES = Threshold(5, "times its size", "a file that is read this often in one window was not kept")
RATE = Threshold(2, "passes/s", "a reload every second or so may be meant")
ROOM = Threshold(64 << 20, "bytes of files", "so much is read in passes on purpose: it would not be kept in memory")
TINY = Threshold(64, "bytes a read", "with less, to read it once would take as long: it is read byte by byte")
PARTS = Threshold(8, "opens for each pass", "who reads a small part each time wants the file open, not all of it")
REACH = Threshold(4, "lines", "what is made of a file stands right below the lines that open and read it")
_CALL = re.compile(r"entry_SYSCALL|do_syscall|el0_svc|__\w+_sys_")
"""the kernel's functions for system calls, which page faults have none of"""


def check(account: Account) -> list[Finding]:
    facts = {fact.path: fact for fact in account.evidence.files if fact.kind == "file"}
    by_path: dict[str, list[SyscallRow]] = defaultdict(list)
    for row in account.calls:
        path = file_of(row.object)
        if path in facts and row.syscall in calls.READS | calls.OPENS | calls.OPEN_COMPANIONS:
            by_path[path].append(row)
    at: dict[Location | None, list[tuple[Finding, int]]] = defaultdict(list)
    for path, rows in by_path.items():
        for finding in _judge(account, facts[path], rows):
            at[finding.location].append((finding, facts[path].size))
    return [_of_one_line(found) for found in at.values()]


def _of_one_line(found: list[tuple[Finding, int]]) -> Finding:
    """Of the files that one line reads again and again, the one that costs most. All of them together must have room in
    memory, where they are to be kept."""
    heaviest = max((finding for finding, _ in found), key=lambda finding: finding.share or 0.0)
    if len(found) == 1:
        return heaviest
    title = f"{heaviest.title}, and {len(found) - 1} more files"
    whole = sum(size for _, size in found)
    severity = Severity.INFO if whole > ROOM.value else heaviest.severity
    return heaviest.model_copy(update={"title": title, "severity": severity})


def _judge(account: Account, fact: FileFact, rows: list[SyscallRow]) -> list[Finding]:
    reads = [row for row in rows if row.syscall in calls.READS]
    moved = sum(row.bytes for row in reads)
    if fact.size <= 0 or fact.changed_in_window:
        return []
    passes = moved / fact.size
    if passes < PASSES.value or passes / account.seconds < RATE.value:
        return []
    if moved < TINY.value * sum(row.calls for row in reads):
        return []  # (that each read brings next to nothing is what it costs, the first time too: small-io)
    opens = [row for row in rows if row.syscall in calls.OPENS]
    opened = sum(row.calls - row.errors for row in opens)
    if opened > PARTS.value * passes:
        return []
    # Reads at chosen offsets may be of different parts each time: a data base, an archive.
    scattered = sum(r.bytes for r in reads if r.syscall.startswith("pread")) > moved / 2
    blamed = max(opens if opened >= passes / 2 else reads, key=lambda row: row.calls)
    place = account.place(blamed.stack)
    at = place or blamed.syscall
    path = quoted(fact.path)
    per_second = passes / account.seconds
    return weigh(
        account,
        "repeated-read",
        title=f"{at} reads {path} ({size(fact.size)}, unchanged) {rate(per_second)} times a second",
        seconds=sum(row.seconds for row in rows) + _making(account, place, rows),
        place=place,
        stack=blamed.stack,
        facts=(
            account.fact("syscalls", f"bytes read of {path}", moved, "bytes"),
            account.fact("syscalls", "times its size", passes, "passes"),
            account.fact("syscalls", "opens of it", opened, "calls"),
            account.fact("syscalls", "time in these calls", sum(r.seconds for r in rows) / account.seconds, "s/s"),
        ),
        fix=f"Read {path} once and keep what was made of it in memory; read it again only when its time of "
        f"change or size differs (one stat a second is enough). The line is {at}. What is parsed out of it each time "
        "is saved too.",
        verify=again(
            account,
            f"bytes read of {path}",
            f"{size(moved / account.seconds)}/s",
            "0, or one pass for each change",
            "trace-syscalls",
        ),
        confidence=0.4 if scattered else 0.9,
        at_most=Severity.INFO if scattered else Severity.CRITICAL,
    )


def _making(account: Account, place: Place | None, rows: list[SyscallRow]) -> float:
    """What the CPU time costs of the lines that follow the opening and reading, with all that they call: they make
    something of what is read, and will not need to again when it is kept. Time in system calls is counted by these
    already."""
    if place is None or place.line is None:
        return 0.0
    asked = [other.line for row in rows if place.shares_function(other := account.place(row.stack)) and other]
    lines = range(place.line, max([place.line, *filter(None, asked)]) + round(REACH.value) + 1)
    return account.cpu_cost(
        row
        for row in account.samples
        if not any(_CALL.search(frame.function) for frame in row.kernel)
        and any(f.file == place.file and f.function == place.function and f.line in lines for f in row.stack)
    )


def _examples() -> tuple[Example, ...]:
    line, parse = (python(30, "load_settings"),), (python(31, "load_settings"),)
    path = "/srv/app/settings.json"
    work = cpu((python(60, "handle"),), 4.0)
    rows = (
        call("openat", line, 5000, on=path, seconds=0.2),
        call("read", parse, 10_000, on=path, transferred=5000 * 80_000, empty=5000, seconds=1.8),
        call("close", line, 5000, on=path, seconds=0.1),
    )
    whole = FileFact(path=path, kind="file", size=80_000)
    album = [FileFact(path=f"/data/{i}.raw", kind="file", size=3 << 20) for i in range(40)]
    grid = FileFact(path="/data/currents.grid", kind="file", size=1 << 20)
    cells = (
        call("openat", line, 40_000, on=grid.path, seconds=0.9),
        call("read", line, 80_000, on=grid.path, transferred=40_000 * 8192, seconds=0.5),
    )
    pictures = tuple(call("read", line, 40, on=one.path, transferred=40 * one.size, seconds=0.2) for one in album)
    bytewise = call("read", parse, 80_000 * 40, on=path, transferred=80_000 * 40, seconds=3.0)
    log = call("read", line, 5000, on="/var/log/x.log", transferred=5000 * 8192, seconds=1.8)
    blocks = call("read", line, 80_000, on="/data/big.bin", transferred=80_000 * 65536, seconds=4.0)
    return (
        Example(
            "passes over many large files",
            False,
            "40 pictures of 3 MB in turn: together they are more than a program keeps in memory",
            window(calls=pictures, files=tuple(album), samples=(work,)),
        ),
        Example(
            "a file read byte by byte, more than once",
            False,
            "each pass takes 80,000 calls: that is the thing to mend (small-io)",
            window(calls=(bytewise,), files=(whole,), samples=(work,)),
        ),
        Example(
            "a cell of a large file, which is opened for it",
            False,
            "8 kB of 1 MB each time: it is opened too often (open-close-churn)",
            window(calls=cells, files=(grid,), samples=(work,)),
        ),
        Example(
            "settings read at each request",
            True,
            "500 passes a second over a file that did not change",
            window(calls=rows, files=(whole,), samples=(work,)),
        ),
        Example(
            "a file that grows",
            False,
            "it changed in the window: each read may bring news",
            window(
                calls=(log,),
                files=(FileFact(path="/var/log/x.log", kind="file", size=8192, changed_in_window=True),),
                samples=(work,),
            ),
        ),
        Example(
            "one pass over a large file",
            False,
            "many reads, but of each byte once",
            window(
                calls=(blocks,),
                files=(FileFact(path="/data/big.bin", kind="file", size=80_000 * 65536),),
                samples=(work,),
            ),
        ),
    )


PATTERN = Pattern(
    id="repeated-read",
    title="the same unchanged file is read again and again",
    sees="More bytes read from a file than it holds, many times over, while it did not change.",
    costs="The pages come from the cache, but each pass copies them, and most often decodes and parses them, anew.",
    fix="Keep what was made of the file in memory, and check the time of change before reading it again.",
    fine="A file that changes with each read (status files), or one too large to keep that is really needed in full "
    "each time.",
    thresholds=(PASSES, RATE, ROOM, TINY, PARTS, REACH),
    needs=("syscalls",),
    focus=frozenset({Focus.IO}),
    check=check,
    examples=_examples,
    beats=("open-close-churn", "excessive-stat", "small-io", "hot-loop"),
    causes=("gc-pressure",),
)
