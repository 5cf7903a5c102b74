"""Are there many reads or writes of few bytes each?"""

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.asking import peer
from perfdoctor.diagnosis.example import call, cpu, python, window
from perfdoctor.diagnosis.objects import is_pipe, is_socket, path_of
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.weight import again, rate, size, weigh
from perfdoctor.diagnosis.words import quoted
from perfdoctor.schemas.finding import Finding
from perfdoctor.schemas.syscalls import SyscallRow

SMALL = Threshold(512, "bytes a call", "up to here a call costs several times what moving its bytes does")
RATE = Threshold(200, "calls/s", "fewer cost less than anyone could measure")
BATCH = Threshold(8, "calls on one descriptor", "what is read or written in a few calls cannot be gathered further")
EXCHANGE = Threshold(
    3, "calls for each in the other direction", "questions and answers alternate on a socket: those cannot be merged"
)

TOLD = Threshold(
    100,
    "calls/s on each of many connections that stay",
    "what many are told as it comes cannot be gathered without a delay that they notice",
)
COMES = Threshold(0.001, "s of waiting for each read of a socket", "the pieces come so far apart as they are read")
_MANY = 8


def check(account: Account) -> list[Finding]:
    found = []
    sockets = {
        kind: _data_calls([r for r in account.calls if r.syscall in names and is_socket(r.object)])
        for kind, names in _KINDS
    }
    for kind, names in _KINDS:
        of_kind = [row for row in account.calls if row.syscall in names and _may_be_merged(row)]
        for place, rows in account.by_place(of_kind).items():
            found += _judge(account, kind, place, rows, sockets)
    return found


_KINDS = (("read", calls.READS), ("write", calls.WRITES))
_OTHER = {"read": "write", "write": "read"}


def _judge(
    account: Account, kind: str, place: Place | None, rows: list[SyscallRow], sockets: dict[str, int]
) -> list[Finding]:
    done = _data_calls(rows)
    moved = sum(row.bytes for row in rows)
    per_second = done / account.seconds
    things = {row.object for row in rows}
    if done == 0 or moved / done > SMALL.value or per_second < RATE.value or done / len(things) < BATCH.value:
        return []
    on_sockets = _data_calls([row for row in rows if is_socket(row.object)])
    if on_sockets > done / 2 and on_sockets <= EXCHANGE.value * sockets[_OTHER[kind]]:
        return []
    if kind == "write" and on_sockets > done / 2 and _tells_many(account, things, per_second):
        return []
    opened = [row for row in account.calls_at.get(place, ()) if row.syscall in calls.OPENS]
    if sum(row.calls - row.errors for row in opened) > done / 2:
        return []  # each is to a file of its own, or reopens it: opening is the cost
    # What a peer or a slow disk takes is not what the size of the calls costs.
    seconds = sum(row.seconds - (0.0 if path_of(row.object) else row.blocked_seconds) for row in rows) + account.beside(
        rows
    )
    heaviest = max(rows, key=lambda row: row.calls)
    where = quoted(heaviest.object or "an unknown object")
    if len(things) > 1:
        where = f"{len(things)} objects, most {where}"
    at = place or f"{heaviest.syscall} on {where}"
    mean = moved / done
    verb = "reads" if kind == "read" else "writes"
    cure = (
        "read through a buffer (open without buffering=0, io.BufferedReader, fread), or ask for 64 KiB at a time and "
        "split them in memory"
        if kind == "read"
        else "gather the pieces and write them at once (a buffered file, b''.join, writev), and flush only where a "
        "reader waits for it"
    )
    return weigh(
        account,
        "small-io",
        title=f"{at} {verb} {size(mean)} at a time, {rate(per_second)} times a second",
        seconds=seconds,
        place=place,
        stack=heaviest.stack,
        facts=(
            account.fact("syscalls", f"{kind} calls that moved data", per_second, "calls/s"),
            account.fact("syscalls", "mean size", mean, "bytes"),
            account.fact(
                "syscalls", f"time in these calls ({where})", sum(r.seconds for r in rows) / account.seconds, "s/s"
            ),
        ),
        fix=f"At {at}: {cure}. At 64 KiB a call the same bytes need {max(moved / 65536 / account.seconds, 0.1):,.1f} "
        "calls a second.",
        verify=again(
            account,
            f"{heaviest.syscall} calls at {at}",
            f"{rate(per_second)}/s",
            "a hundredth of that or fewer",
            "trace-syscalls",
        ),
        confidence=0.9 if not on_sockets else 0.75,
        works=True,
    )


def _tells_many(account: Account, things: set[str | None], per_second: float) -> bool:
    stay = sum(one.open_at_end or 0 for one in account.peers)
    return len(things) >= _MANY and stay >= len(things) / 2 and per_second / len(things) < TOLD.value


def _data_calls(rows: list[SyscallRow]) -> int:
    return sum(max(0, row.calls - row.errors - row.empty) for row in rows)


def _may_be_merged(row: SyscallRow) -> bool:
    # An eventfd, a timer or a self-pipe is read eight bytes or one at a time because that is all there is.
    if (row.object or "").find("anon_inode:") >= 0:
        return False
    if is_pipe(row.object) and row.syscall in calls.READS:
        return row.blocked_seconds < 0.5 * row.seconds
    # (who waits for each piece that he reads takes what there is, when it comes)
    return not (is_socket(row.object) and row.syscall in calls.READS and row.blocked_seconds >= COMES.value * row.calls)


def _examples() -> tuple[Example, ...]:
    line = (python(41, "copy"),)
    work = cpu((python(60, "parse"),), 5.0)
    reads = call("read", line, 800_000, on="/srv/in.dat", transferred=800_000, seconds=1.6)
    blocks = call("read", line, 80_000, on="/srv/in.dat", transferred=80_000 * 65536, seconds=4.0)
    log = call("write", (python(9, "log"),), 200, on="/var/log/app.log", transferred=200 * 90, seconds=0.01)
    ask = call("sendto", (python(70, "query"),), 30_000, on="fd:9 (socket:[5])", transferred=30_000 * 60, seconds=1.5)
    answer = call(
        "recvfrom",
        (python(71, "query"),),
        30_000,
        on="fd:9 (socket:[5])",
        transferred=30_000 * 200,
        seconds=6.0,
        blocked=5.0,
    )
    drip = call(
        "sendto", (python(80, "respond"),), 600_000, on="fd:9 (socket:[5])", transferred=600_000 * 3, seconds=3.0
    )
    hears = (python(90, "hear"),)
    guests = tuple(
        call("sendto", hears, 500, on=f"fd:{n} (socket:[{n}])", transferred=500 * 235, seconds=0.02) for n in range(60)
    )
    stay = peer(hears, direction="incoming").model_copy(update={"open_at_end": 57})
    naps = call("clock_nanosleep", (python(8, "driver"), python(99, "start")), 3000, blocked=58.0)
    one = call("recvfrom", (python(79, "respond"),), 60, on="fd:9 (socket:[5])", transferred=6000, blocked=1.0)
    told = tuple(
        call("recvfrom", hears, 300, on=f"fd:{n} (socket:[{n}])", transferred=300 * 22, seconds=9.5, blocked=9.4)
        for n in range(12)
    )
    return (
        Example(
            "what twelve brakes report as it comes",
            False,
            "each read waits for tens of milliseconds until there is something: there is no more to be read at once",
            window(calls=told, samples=(cpu(hears, 0.3),), threads=12),
        ),
        Example(
            "one byte a read",
            True,
            "80,000 reads a second bring one byte each",
            window(calls=(reads,), samples=(cpu(line, 2.0), work)),
        ),
        Example(
            "one byte a read, beside six threads that pause",
            True,
            "it takes half of a core and most of what runs, whatever part of the pauses that is",
            window(calls=(reads, naps), samples=(cpu(line, 3.5),), threads=7),
        ),
        Example(
            "a response in drops",
            True,
            "600,000 sends of three bytes answer 60 requests",
            window(calls=(drip, one), samples=(work,)),
        ),
        Example(
            "a word to each of sixty guests",
            False,
            "fifty times a second, on lines that stay: each is told what was said as it comes",
            window(calls=guests, samples=(work,), peers=(stay,)),
        ),
        Example(
            "a file in blocks of 64 KiB",
            False,
            "as many calls, but each moves a full block",
            window(calls=(blocks,), samples=(work,)),
        ),
        Example(
            "a log line now and then",
            False,
            "20 small writes a second cost nothing",
            window(calls=(log,), samples=(work,)),
        ),
        Example(
            "questions and answers on a socket",
            False,
            "each message waits for the one before: none can be merged",
            window(calls=(ask, answer), samples=(work,)),
        ),
    )


PATTERN = Pattern(
    id="small-io",
    title="many reads or writes of few bytes",
    sees="Lines that make many read- or write-like calls whose mean size is small, on the same file, pipe or socket.",
    costs="Each system call has a fixed price of 0.2 to 1 µs (and several of interpreter around it), however little "
    "it moves. On a socket each small send may also become a packet of its own.",
    fix="Buffer: open files with their default buffering, read large blocks and split them in memory, gather writes "
    "and flush at the end of a unit of work.",
    fine="Messages that another process must see at once (logs that are tailed, interactive protocols), and "
    "exchanges in which every message waits for an answer.",
    thresholds=(SMALL, RATE, BATCH, EXCHANGE, TOLD, COMES),
    needs=("syscalls",),
    focus=frozenset({Focus.IO, Focus.NETWORK}),
    check=check,
    examples=_examples,
    beats=("hot-loop",),
)
