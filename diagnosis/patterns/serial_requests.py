"""Are independent requests made one after the other, each waiting for the one before?"""

from collections import defaultdict

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.asking import LARGE_TRANSFER, bytes_each, called_from, peer, per_unit, runtime, whom
from perfdoctor.diagnosis.example import APP, PID, call, cpu, in_loops, library, python, window
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.talk import DATABASES, MAIL, Talk, is_served, is_session
from perfdoctor.diagnosis.user_code import is_user_code
from perfdoctor.diagnosis.weight import again, percent, rate, weigh
from perfdoctor.diagnosis.words import quoted
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.frame import FrameKind, Stack
from perfdoctor.schemas.network import Peer, RepeatedLine, StatementShape

ANSWERS = Threshold(4, "bytes sent for each that is received", "who asks says less than who answers")
RATE = Threshold(2, "requests/s from one function", "fewer and slower ones are the other side's matter")
NUMBER = Threshold(10, "requests in the window", "fewer are no loop")
WAIT = Threshold(0.002, "s for an answer", "below, starting tasks or threads costs as much as they save")
PER_UNIT = Threshold(2.5, "requests for each piece of work", "one or two after the other may well depend on each other")
LARGE = Threshold(
    LARGE_TRANSFER, "bytes for each request", "large ones share the line: at the same time they take as long"
)
FEW = Threshold(0.05, "of the answers", "a few that come sooner say nothing of the others")
AT_ONCE = Threshold(1.5, "under way at once", "more are concurrent already")

SOON, LATE = 19, 24
"""of the examples' histograms"""
_PAGES = ("cursor", "page_token", "next", "after=", "offset", "since")


def check(account: Account) -> list[Finding]:
    groups: dict[tuple[int, str | None, str], list[Talk]] = defaultdict(list)
    for talk in account.talks:
        other = talk.for_news or talk.gathered or talk.peer.protocol in (*DATABASES, MAIL)
        if not other and talk.questions and talk.answered:
            place = talk.place
            groups[talk.pid, place.file if place else None, place.function if place else ""].append(talk)
    found = []
    for talks in groups.values():
        found += _judge(account, talks)
    return found


def _may_serve(talk: Talk) -> bool:
    """Whether the other side may be the one that asks: nobody saw the connection begin, knows its protocol, or listens
    for others like it, and what goes out is much more than what comes in. (A server that takes one client alone.)"""
    peer = talk.peer
    unseen = not peer.protocol and not peer.opened
    return unseen and peer.sent_bytes > ANSWERS.value * peer.received_bytes


def _judge(account: Account, talks: list[Talk]) -> list[Finding]:
    where = max(talks, key=lambda talk: talk.wait_seconds)
    questions = sum(talk.questions for talk in talks)
    wait = sum(talk.question_wait_seconds for talk in talks)
    answered = sum(talk.answered - talk.session_requests for talk in talks)
    if questions < NUMBER.value or questions / account.seconds < RATE.value or wait < WAIT.value * max(1, answered):
        return []
    if bytes_each(talks) > LARGE.value:
        return []
    if _may_serve(where):
        return []
    shapes = {shape for talk in talks for shape in talk.shapes if not is_session(shape)}
    if len(shapes) == 1 and "?" not in where.shape:
        return []  # the same again and again: there are no others to ask for meanwhile
    load = account.load(where.pid)
    share = per_unit(account, where, questions)
    if share is not None and share < PER_UNIT.value and (waited := _served_that_wait(account, where)):
        share = questions / waited  # (the others that it serves ask for nothing)
    if share is not None and share < PER_UNIT.value:
        return []
    if load.served:
        # While it serves one request it has at most one of its own under way, if it makes them one by one.
        if load.waits_seconds > 1.2 * _serving(account, where.pid):
            return []
    elif load.at_once > AT_ONCE.value or _at_a_pace(account, where):
        return []
    seconds = account.waited(where, wait)
    peers = list(dict.fromkeys(whom(talk.peer) for talk in sorted(talks, key=lambda t: -t.wait_seconds)))
    of = peers[0] + (f" and {len(peers) - 1} more" if len(peers) > 1 else "")
    # (the owner changes what makes the requests, which may be a caller of the line that sends them)
    place = _asker(account, where, talks) or where.place
    at: Place | str = place or "a library"
    caller = f", asked at {where.place}" if place != where.place else called_from(account, where.stack)
    mean = wait / max(1, answered)
    what = f" ({quoted(where.shape, 60)})" if where.shape else ""
    unit = f", {share:.1f} for each piece of work" if share is not None else ""
    together = min(share or 8.0, 8.0)
    loop = account.loop_around(where)
    chained = loop is not None and account.texts.asks_by_the_last(loop)
    paged = chained or any(word in where.shape.lower() for word in _PAGES)
    return weigh(
        account,
        "serial-requests",
        title=f"{percent(account.share(seconds))} of busy time waits for answers of {of}{what}, one after the "
        f"other at {at}"
        f"{caller}: {rate(questions / account.seconds)} a second, {mean * 1000:.1f} ms each{unit}",
        seconds=seconds,
        place=place,
        stack=where.stack,
        facts=(
            account.fact("network", f"requests to {of}", questions / account.seconds, "requests/s"),
            account.fact("network", "mean wait for the answer", mean, "s"),
            account.fact("network", "requests under way at once", load.at_once if not load.served else 1.0, "requests"),
            account.fact("network", "for each piece of work", share or questions, "requests"),
        ),
        fix=f"Where the requests at {at}{caller} do not need each other's answers, make them at the same time: "
        f"{_cure(where)}. With {together:.0f} under way at once, {seconds:.1f} s of waiting become about "
        f"{seconds / together:.1f} s; bound how many, for the other side's sake.",
        verify=again(
            account,
            f"time that threads wait for {peers[0]} for the same work",
            f"{seconds / account.seconds:.2f} s/s",
            f"about {seconds / together / account.seconds:.2f} s/s",
            "trace-network",
        ),
        confidence=(0.6 if paged else 0.85) * where.sureness,
        at_most=Severity.INFO if paged else Severity.CRITICAL,
    )


def _at_a_pace(account: Account, where: Talk) -> bool:
    """Whether each round of the innermost loop that asks is a piece of work: it has a pause, or takes the work out of a
    queue, and asks in a line or two then."""
    loop = account.loop_around(where)
    if loop is None:
        return False
    return account.texts.pauses(loop) or (
        account.texts.takes_work(loop) and _lines_within(account, loop) < PER_UNIT.value
    )


def _lines_within(account: Account, loop: Place) -> int:
    """The lines of a loop's function that lead to requests."""
    stacks = (row.stack for talk in account.talks if talk.questions for row in talk.peer.rows)
    return len({frame.line for stack in stacks for frame in stack if loop.shares_function(frame)})


def _asker(account: Account, where: Talk, talks: list[Talk]) -> Place | None:
    """Who makes the requests one after the other: a function that does so in several lines, at the one that waits
    longest, else the loop that goes round them. None where that is the line that sends them."""
    loop = account.loop_around(where)
    lines: dict[tuple[str | None, str], dict[int | None, float]] = defaultdict(lambda: defaultdict(float))
    for talk in talks:
        for row in talk.peer.rows if talk.questions else ():
            if row.pid != talk.pid or account.place(row.stack) != talk.place:
                continue
            for frame in row.stack:
                if loop is not None and loop.shares_function(frame):
                    break
                if is_user_code(frame, account.evidence.user_roots):
                    lines[frame.file, frame.function][frame.line] += row.wait_seconds
    for (file, function), waits in lines.items():  # (inner ones first)
        if len(waits) > 1:
            place = Place(file, function, max(waits, key=lambda line: waits[line]))
            return None if where.place is not None and where.place.shares_function(place) else place
    return loop or _awaiter(account, where)


def _awaiter(account: Account, where: Talk) -> Place | None:
    """The line that awaits one after the other what the line that asks gives, by the text."""
    use, at = account.evidence.network, where.place
    for line in use.asking if use and at else ():
        if line.awaited and at and (line.pid, line.file, line.line) == (where.pid, at.file, at.line):
            return Place(line.awaited.file, line.awaited.function, line.awaited.line)
    return None


def _serving(account: Account, pid: int) -> float:
    """Seconds from requests received to the answers' first bytes, over all of them."""
    return sum(row.wait_seconds for p in account.peers if is_served(p) for row in p.rows if row.pid == pid)


def _served_that_wait(account: Account, where: Talk) -> int:
    """How many of the requests that it serves took as long as an answer takes, and so may have waited for one; 0 where
    that is not known."""
    answers = where.peer.turn.histogram
    least = next((i for i, times in enumerate(answers) if times > FEW.value * where.peer.turn.times), None)
    if least is None:
        return 0
    served = [p.turn for p in account.peers if is_served(p) and any(row.pid == where.pid for row in p.rows)]
    return sum(sum(turn.histogram[least:]) for turn in served)


def _cure(talk: Talk) -> str:
    language = runtime(talk.stack)
    files = " ".join(frame.file or "" for frame in talk.stack)
    if language is FrameKind.PYTHON and "asyncio/" in files:
        return "await asyncio.gather(…) or a TaskGroup instead of one await after the other"
    cures = {
        FrameKind.PYTHON: "ThreadPoolExecutor.map, or an asynchronous client with asyncio.gather",
        FrameKind.JAVASCRIPT: "await Promise.all(…) instead of an await in the loop",
        FrameKind.JAVA: "CompletableFuture.allOf with HttpClient.sendAsync, or an executor",
    }
    return cures.get(language or FrameKind.NATIVE, "a few threads or tasks, or a non-blocking client")


def _examples() -> tuple[Example, ...]:
    inner = library("http/client.py", "HTTPConnection.endheaders")
    line: Stack = (inner, python(18, "fetch"), python(40, "report"))
    work = cpu((python(60, "render"),), 1.0)
    waits = call("recvfrom", line, 300, on="fd:4 (socket:[7])", blocked=7.5)
    loop = peer(line, 300, wait=7.5, shape="GET /stock/?")

    def asked(number: int, wait: float, address: str, awaited: float | None = None) -> tuple[Stack, object]:
        at: Stack = (inner, python(number, "page"))
        return at, peer(at, 100, wait=wait, address=address, shape="GET /part/?", awaited=awaited)

    def with_loop(seen: Evidence, *, pauses: bool, chained: bool = False) -> Evidence:
        return in_loops(seen, RepeatedLine(file=APP, line=40, pauses=pauses, chained=chained))

    three = [asked(20 + i, 2.0, f"10.0.0.{i}:80") for i in range(3)]
    rows = tuple(call("recvfrom", at, 100, blocked=2.0) for at, _ in three)
    served = peer((python(12, "serve"),), 100, wait=7.0, direction="incoming", address="10.0.0.9")
    many = peer((python(12, "serve"),), 300, wait=8.0, direction="incoming", address="10.0.0.9")
    gathered = peer((python(12, "serve"),), 100, wait=2.5, direction="incoming", address="10.0.0.9")
    pool = peer(line, 2400, wait=75.0, shape="GET /stock/?", awaited=9.5)

    def spread(one: Peer, soon: int, late: int) -> Peer:
        """``soon`` turns of less than a millisecond, ``late`` ones of some 25."""
        histogram = tuple(soon if i == SOON else late if i == LATE else 0 for i in range(32))
        return one.model_copy(update={"turn": one.turn.model_copy(update={"histogram": histogram})})

    mixed = peer((python(12, "serve"),), 150, wait=8.0, direction="incoming", address="10.0.0.9")
    uploads = peer(line, 300, wait=7.5, shape="PUT /part/?", request_bytes=1 << 20)
    same = peer(line, 300, wait=7.5, shape="GET /status")
    pages = peer(line, 300, wait=7.5, shape="GET /orders?cursor=?")
    called = served.model_copy(update={"local": ":8080"})
    child = peer(line, 300, wait=7.5, shape="GET /stock/?", side="local", pid=PID + 1)
    blocking = StatementShape(shape="BLMOVE jobs:waiting", seen=100, pid=PID, stack=line)
    news = peer(line, 200, wait=7.0, protocol="Redis", shape="SET job:?", statements=(blocking,))
    return (
        Example(
            "a loop of requests",
            True,
            "300 answers of 25 ms, one after the other",
            window(calls=(waits,), samples=(work,), peers=(loop,)),
        ),
        Example(
            "three services for each page",
            True,
            "a request that is served waits for three others in turn",
            window(calls=rows, samples=(work,), peers=(served, *(p for _, p in three))),  # type: ignore[arg-type]
        ),
        Example(
            "each answer says what to ask for next",
            False,
            "none can be asked before the last has come",
            with_loop(window(calls=(waits,), samples=(work,), peers=(loop,)), pauses=False, chained=True),
        ),
        Example(
            "a child that asks the target",
            False,
            "it makes the target's load, or is a part of its work: the target's own time is measured",
            window(calls=(waits,), samples=(work,), peers=(called, child)),
        ),
        Example(
            "a worker that waits for news by one command, and asks little else",
            False,
            "a third of what it sends is BLMOVE, which answers when there is something",
            window(calls=(waits,), samples=(work,), peers=(news,)),
        ),
        Example(
            "pages of seven requests among others that ask for nothing",
            True,
            "of 150 that were served 40 took as long as an answer: these made the 300 requests",
            window(calls=(waits,), samples=(work,), peers=(spread(mixed, 110, 40), spread(loop, 0, 300))),
        ),
        Example(
            "two requests for each that is served",
            False,
            "all 150 took as long as an answer",
            window(calls=(waits,), samples=(work,), peers=(spread(mixed, 0, 150), spread(loop, 0, 300))),
        ),
        Example(
            "one request for each that is served",
            False,
            "300 were served with 300",
            window(calls=(waits,), samples=(work,), peers=(many, loop)),
        ),
        Example(
            "three services at once",
            False,
            "they answer a request that takes no longer than one of them",
            window(calls=rows, samples=(work,), peers=(gathered, *(p for _, p in three))),  # type: ignore[arg-type]
        ),
        Example(
            "a pool of threads",
            False,
            "eight requests are under way at once",
            window(calls=(call("recvfrom", line, 2400, blocked=75.0),), samples=(work,), peers=(pool,), threads=8),
        ),
        Example(
            "uploads of a megabyte",
            False,
            "at the same time they would share the line, and take as long",
            window(calls=(waits,), samples=(work,), peers=(uploads,)),
        ),
        Example(
            "one question again and again",
            False,
            "there is nothing else to ask for meanwhile",
            window(calls=(waits,), samples=(work,), peers=(same,)),
        ),
        Example(
            "loggers that are each asked at a beat of their own",
            False,
            "the loop that asks sleeps in each round, and 36 tasks have one each",
            with_loop(window(calls=(waits,), samples=(work,), peers=(loop,)), pauses=True),
        ),
        Example(
            "a loop that sleeps when all have been asked",
            True,
            "the innermost loop has no pause",
            with_loop(window(calls=(waits,), samples=(work,), peers=(loop,)), pauses=False),
        ),
        Example(
            "page after page",
            False,
            "each page's cursor comes with the page before",
            window(calls=(waits,), samples=(work,), peers=(pages,)),
        ),
    )


PATTERN = Pattern(
    id="serial-requests",
    title="requests are made one after the other",
    sees="Several requests for one piece of work (or a loop of them), never two under way at once, each answer taking "
    "milliseconds or more.",
    costs="The waits add up: ten answers of 30 ms take 300 ms, where together they take 30.",
    fix="Make independent requests at once (gather, Promise.all, a thread pool), or ask for many in one.",
    fine="Requests that need the answer of the one before; a peer that must not be asked faster; background work that "
    "nobody waits for.",
    thresholds=(RATE, NUMBER, WAIT, ANSWERS, PER_UNIT, FEW, LARGE, AT_ONCE),
    needs=("network",),
    focus=frozenset({Focus.NETWORK, Focus.CONCURRENCY}),
    check=check,
    examples=_examples,
    beats=("slow-dependency", "polling-loop"),
)
