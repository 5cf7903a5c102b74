"""Does most of the time go into waiting for a peer that answers slowly?"""

from collections import defaultdict

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.asking import LARGE_TRANSFER, bytes_each, called_from, peer, whom
from perfdoctor.diagnosis.example import call, cpu, library, loop, python, window
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.talk import DATABASES, Talk, is_session, is_transaction
from perfdoctor.diagnosis.weight import again, percent, rate, weigh
from perfdoctor.diagnosis.words import quoted
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.frame import Stack

SLOW = Threshold(0.02, "s for an answer", "a service nearby answers within 10 ms, a store within one")
STATEMENT = Threshold(0.01, "s for a statement of a database", "what an index finds takes one or two milliseconds")
WORTH = Threshold(0.03, "s for an answer of another service", "with less, there is more in asking less often")
BEARABLE = Threshold(
    0.1,
    "s for an answer",
    "who asks for several at a time, or on an event loop, has already made the best of less than this",
)
AT_ONCE = Threshold(1.5, "under way at a time", "one after the other each answer holds up all that follows")
FEW = Threshold(2, "answers in the window", "one says nothing about the others")
UNCLEAR = Threshold(
    1.0, "s for an answer", "so long waits too a client that asks to be told of news; only its words tell which"
)
LARGE = Threshold(
    LARGE_TRANSFER, "bytes for each answer", "most of so large a transfer's time is the way, not the other side's work"
)
ROWS = Threshold(4096, "bytes of each statement that writes", "so many rows at once take their time")
RARE = Threshold(0.2, "answers for each request served", "most requests are answered without it: what it said is kept")
WAITS = Threshold(0.5, "of the wait for its answers", "a line at which less is waited is not where it waits")
FAR = Threshold(0.5, "of the wait", "as much is the way there and back, not the other side's work")


def check(account: Account) -> list[Finding]:
    by_peer: dict[tuple[int, int], list[Talk]] = defaultdict(list)
    for talk in account.talks:
        slow = STATEMENT if talk.peer.protocol in DATABASES else SLOW
        long = _waited(talk) >= slow.value * _answers(talk)
        if account.is_measured(talk.peer):
            continue  # the findings about it say why it is slow
        if not talk.for_news and talk.answered >= FEW.value and long:
            by_peer[id(talk.peer), talk.pid].append(talk)
    found = []
    for talks in by_peer.values():
        found += _judge(account, talks)
    return found


def _judge(account: Account, talks: list[Talk]) -> list[Finding]:
    where = max(talks, key=_waited)
    answered = sum(_answers(talk) for talk in talks)
    under_way = sum(_waited(talk) for talk in talks)
    seconds = account.waited(where, under_way)
    mean = under_way / answered
    of = whom(where.peer)
    said = account.texts.said_on(where.pid, where.shape, where.stack)
    place = said or _waits_at(account, where) or where.place
    at: Place | str = place or "a library"
    caller = f", through {where.place}" if said and said != where.place else called_from(account, where.stack)
    what = quoted(where.shape, 100) if where.shape else "a request"
    load = account.load(where.pid)
    # (on one machine there is no way: TCP takes the time until it hears of what it sent, often with the answer)
    trips = (where.peer.rtt_seconds or 0.0) if where.peer.side != "local" else 0.0
    far = trips >= FAR.value * mean
    large = bytes_each(talks) > LARGE.value
    unclear = mean >= UNCLEAR.value and not load.served and where.peer.protocol not in DATABASES
    sent = sum(row.sent_bytes for row in where.peer.rows if row.pid == where.pid)
    many = where.peer.protocol in DATABASES and _writes(where.shape) and sent >= ROWS.value * answered
    rare = answered < RARE.value * load.served
    database = where.peer.protocol in DATABASES
    soon = not database and mean < WORTH.value
    # (on an event loop nothing else waits for the answer)
    apart = load.at_once >= AT_ONCE.value or (not database and _on_a_loop(account, where))
    bearable = soon or (mean < BEARABLE.value and apart)
    facts = [
        account.fact("network", f"answers of {of}", answered / account.seconds, "answers/s"),
        account.fact("network", "mean wait for an answer", mean, "s"),
        account.fact("network", "longest", where.peer.turn.max_seconds, "s"),
    ]
    if trips:
        facts.append(account.fact("network", "of it the way there and back", trips, "s"))
    return weigh(
        account,
        "slow-dependency",
        title=f"{percent(account.share(seconds))} of busy time waits for {of}: {what} takes {mean * 1000:.0f} "
        "ms, asked at "
        f"{at}{caller} {rate(answered / account.seconds)} times a second",
        seconds=seconds,
        place=place,
        stack=where.stack,
        facts=tuple(facts),
        fix=f"{_cure(where, far)} {what} is asked at {at}{caller}.",
        verify=again(
            account,
            f"the mean wait for {of}",
            f"{mean * 1000:.0f} ms",
            "what it should take, or the requests to it fewer",
            "trace-network",
        ),
        confidence=(0.6 if unclear else 0.88) * where.sureness,
        at_most=Severity.INFO
        if large or many or rare or bearable or (unclear and not where.shape)
        else Severity.CRITICAL,
    )


def _on_a_loop(account: Account, where: Talk) -> bool:
    """Whether its answers come by an event loop, which does other things meanwhile."""
    return any(loop.pid == where.pid for loop in account.ledger.loops) and not any(
        row.blocked_seconds > 0 and row.syscall in calls.RECEIVES
        for row in account.calls_at.get(where.place, ())
        if row.pid == where.pid
    )


def _waits_at(account: Account, talk: Talk) -> Place | None:
    """The line of the function that asks at which it waits, where that is another: ``link.request(…)``, and then
    ``link.getresponse()``."""
    if talk.place is None:
        return None
    at: dict[Place, float] = defaultdict(float)
    for row in account.calls:
        if (
            row.pid == talk.pid
            and row.syscall in calls.RECEIVES | calls.READS | calls.POLLS
            and row.blocked_seconds > 0
        ):
            place = account.place(row.stack)
            if place and (place.file, place.function) == (talk.place.file, talk.place.function):
                at[place] += row.blocked_seconds
    best = max(at, key=lambda place: at[place], default=None)
    return best if best and at[best] >= WAITS.value * _waited(talk) else None


def _waited(talk: Talk) -> float:
    """Of a database until all has come; the rest of other answers is their size's matter."""
    return talk.wait_seconds + (talk.rest_seconds if talk.peer.protocol in DATABASES else 0.0)


def _answers(talk: Talk) -> int:
    """Of a database by statement: drivers take several turns for one."""
    statements = sum(n for shape, n in talk.shapes.items() if not is_session(shape) and not is_transaction(shape))
    return min(talk.answered, statements) if talk.peer.protocol in DATABASES and statements else talk.answered


def _writes(statement: str) -> bool:
    return statement.split(" ", 1)[0].upper() in ("INSERT", "COPY", "UPDATE", "MERGE", "REPLACE")


def _cure(talk: Talk, far: bool) -> str:
    here = "ask earlier, in the background, or at the same time as other things; set a time limit"
    if far:
        return f"It is far away: nearly all of the wait is the way. Move it or a copy of its data near, or {here}."
    if talk.peer.protocol in DATABASES:
        return (
            "The database works on it: look at its plan (EXPLAIN ANALYZE) for a missing index, a large scan or a lock, "
            f"keep the result if it may be a little old, or {here}."
        )
    there = f"it is {quoted(talk.peer.program, 60)} on this machine" if talk.peer.program else "where it runs"
    return (
        f"The time passes on the other side: diagnose that process ({there}), keep its answers as long as they may be "
        f"used, or {here}."
    )


def _examples() -> tuple[Example, ...]:
    line: Stack = (
        library("http/client.py", "HTTPConnection.endheaders"),
        python(33, "recommendations"),
        python(52, "page"),
    )
    query: Stack = (library("site-packages/pg8000/core.py", "execute"), python(71, "sales"))
    work = cpu((python(60, "render"),), 1.0)
    waits = call("recvfrom", line, 20, on="fd:4 (socket:[7])", blocked=7.0)
    served = peer((python(12, "serve"),), 20, wait=7.4, direction="incoming", address="10.0.0.9")
    slow = peer(line, 20, wait=7.0, shape="GET /recommendations/?")
    called = served.model_copy(update={"local": ":8080"})
    parent = slow.model_copy(update={"side": "local"})
    report = peer(
        query, 4, wait=8.0, protocol="PostgreSQL", shape="SELECT region, sum(amount) FROM sales GROUP BY region"
    )
    batches = peer(
        query,
        170,
        wait=6.8,
        protocol="PostgreSQL",
        shape="INSERT INTO prices SELECT * FROM unnest(?, ?, ?)",
        request_bytes=12_700,
    )
    understood = peer(query, 30, wait=0.1, protocol="PostgreSQL", shape="SELECT sum(amount) FROM sales WHERE day = ?")
    scan = peer(query, 400, wait=6.8, protocol="PostgreSQL", shape="SELECT tag FROM passages WHERE weir = ?")
    near = peer(line, 300, wait=6.3, shape="GET /clear/?")
    quick = peer(line, 4000, wait=4.0, shape="GET /price/?")
    poll = peer(line, 5, wait=9.8, shape="GET /events/poll?since=?")
    queue = peer(line, 9, wait=9.8, protocol="Redis", shape="BRPOP jobs:?")
    gathered = peer(line, 800, wait=28.0, shape="GET /tiles/?", awaited=9.5)
    pages = peer((python(12, "serve"),), 250, wait=9.0, direction="incoming", address="10.0.0.9")
    in_turn = peer(line, 250, wait=8.8, shape="GET /tiles/?")
    at_once = call("recvfrom", line, 800, on="fd:4 (socket:[7])", blocked=28.0)
    rounds: Stack = (library("asyncio/base_events.py", "BaseEventLoop._run_once"), library("asyncio/runners.py", "run"))
    writes: Stack = (
        library("asyncio/selector_events.py", "_SelectorSocketTransport.write"),
        python(33, "stock"),
        *rounds,
    )
    on_loop = peer(writes, 250, wait=8.8, shape="GET /tiles/?")
    selects = call(
        "epoll_wait",
        (library("selectors.py", "EpollSelector.select"), *rounds),
        250,
        on="fd:4 (anon_inode:[eventpoll])",
        blocked=8.8,
    )
    alone = call("recvfrom", line, 250, on="fd:4 (socket:[7])", blocked=8.8)
    return (
        Example(
            "one slow service for each page",
            True,
            "20 answers of 350 ms each are nearly all that 20 pages take",
            window(calls=(waits,), samples=(work,), peers=(served, slow)),
        ),
        Example(
            "35 ms for each page's answer, one page after the other",
            True,
            "nothing else is done meanwhile",
            window(calls=(alone,), samples=(work,), peers=(pages, in_turn)),
        ),
        Example(
            "35 ms for each page's answer, on an event loop",
            False,
            "the loop serves others meanwhile",
            window(calls=(selects,), samples=(work,), peers=(pages, on_loop), polling=(loop(selects.stack, off=1.0),)),
        ),
        Example(
            "35 ms for each answer, of which three are under way",
            False,
            "it has made the best of a peer that is a little slow",
            window(calls=(at_once,), samples=(work,), peers=(gathered,), threads=8),
        ),
        Example(
            "a report by a slow statement",
            True,
            "four answers of two seconds each",
            window(calls=(call("recvfrom", query, 4, blocked=8.0),), samples=(work,), peers=(report,)),
        ),
        Example(
            "500 rows by one statement",
            False,
            "12 kB of rows are written by each: that takes its time",
            window(calls=(call("recvfrom", query, 170, blocked=6.8),), samples=(work,), peers=(batches,)),
        ),
        Example(
            "a statement that is understood at once and worked on for long",
            True,
            "the first bytes of each answer come at once, and the rest after a quarter of a second",
            window(calls=(call("recvfrom", query, 60, blocked=8.0),), samples=(work,), peers=(understood,)),
        ),
        Example(
            "a worker that asks its own parent",
            False,
            "the parent is measured as well: what makes it slow is said of it",
            window(calls=(waits,), samples=(work,), peers=(called, parent)),
        ),
        Example(
            "a statement that finds its rows without an index",
            True,
            "17 ms each: an index finds as much within two",
            window(calls=(call("recvfrom", query, 400, blocked=6.8),), samples=(work,), peers=(scan,)),
        ),
        Example(
            "21 ms for each answer of a service",
            False,
            "it does what it is asked for; with less than 30 ms there is more in asking less often",
            window(calls=(call("recvfrom", line, 300, blocked=6.3),), samples=(work,), peers=(pages, near)),
        ),
        Example(
            "many quick answers",
            False,
            "each comes within a millisecond",
            window(calls=(call("recvfrom", line, 4000, blocked=4.0),), samples=(work,), peers=(quick,)),
        ),
        Example(
            "a long poll",
            False,
            "it asks to be told when something happens, and has nothing to do until then",
            window(calls=(call("recvfrom", line, 5, blocked=9.8),), samples=(work,), peers=(poll,)),
        ),
        Example(
            "a worker on a queue",
            False,
            "BRPOP answers when there is a job",
            window(calls=(call("recvfrom", line, 9, blocked=9.8),), samples=(work,), peers=(queue,)),
        ),
    )


PATTERN = Pattern(
    id="slow-dependency",
    title="most of the time waits for a slow peer",
    sees="Few answers of one peer that each take long, and threads that stand still until they come.",
    costs="Nothing that is done in this program makes it faster than its slowest peer; threads and connections "
    "are held "
    "while they wait.",
    fix="Profile or index on the other side; keep answers; ask in the background or at the same time; time limits.",
    fine="Batch work that nobody waits for; long polls and queues, which answer when there is news.",
    thresholds=(SLOW, STATEMENT, WORTH, BEARABLE, ROWS, AT_ONCE, FEW, UNCLEAR, LARGE, FAR, RARE, WAITS),
    needs=("network",),
    focus=frozenset({Focus.NETWORK}),
    check=check,
    examples=_examples,
    beats=("polling-loop",),
)
