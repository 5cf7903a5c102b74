"""Is a connection opened for each exchange with the same peer?"""

from collections import defaultdict

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.asking import called_from, peer, runtime, whom
from perfdoctor.diagnosis.client_lines import frame_of
from perfdoctor.diagnosis.example import call, cpu, library, python, window
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.talk import MAIL, Talk, begins_session
from perfdoctor.diagnosis.weight import again, rate, weigh
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.frame import FrameKind, Stack
from perfdoctor.schemas.network import Peer, StatementShape, TalkRow

RATE = Threshold(2, "connections/s to one peer", "fewer cost less than anyone could measure")
REPEATS = Threshold(10, "connections to one peer in the window", "a pool that fills opens a few at once")
OFTEN = Threshold(
    20,
    "connections/s to one peer",
    "so many cost the other side a thread, a process or a log-in each, which shows only there",
)
USES = Threshold(5, "requests on each connection", "with more, what a connection costs is spread thin")
EACH = Threshold(
    0.8,
    "connections for each request that is served",
    "what is opened anew for each request that is served could serve the next, whatever it asks meanwhile",
)
MANY = Threshold(50, "requests on each connection", "with so many a connection costs nothing that could be felt")
GREETED = Threshold(
    1.5, "requests on each connection", "with one alone nobody knows whether it is a greeting or the question"
)

_OPENING = frozenset(
    {
        "socket",
        "connect",
        "close",
        "shutdown",
        "setsockopt",
        "getsockopt",
        "getpeername",
        "getsockname",
        "bind",
        "fcntl",
        "ioctl",
        "epoll_ctl",
    }
)


def check(account: Account) -> list[Finding]:
    by_peer: dict[tuple[int, int], list[Talk]] = defaultdict(list)
    for talk in account.talks:
        by_peer[id(talk.peer), talk.pid].append(talk)
    found = []
    for talks in by_peer.values():
        found += _judge(account, talks)
    return found


def _judge(account: Account, talks: list[Talk]) -> list[Finding]:
    opened = sum(talk.opened for talk in talks)
    questions = sum(map(_questions, talks)) or sum(talk.session_requests for talk in talks)
    if opened < REPEATS.value or opened / account.seconds < RATE.value:
        return []
    # Connections on which nothing is asked are looks whether anybody listens.
    served = account.load(talks[0].pid).served
    for_each = 0 < EACH.value * served <= opened and questions <= MANY.value * opened
    if not 0.5 * opened <= questions <= USES.value * opened and not for_each:
        return []
    where = max(talks, key=lambda talk: talk.opened)
    connecting = sum(talk.connect_seconds for talk in talks)
    beginning = sum(talk.session_wait_seconds for talk in talks)
    # (of a protocol that nobody here knows, the first question of several on each connection is taken for a greeting)
    greets = not where.peer.protocol and questions >= GREETED.value * opened
    greeting = sum(talk.wait_seconds for talk in talks) * opened / questions if greets else 0.0
    names = sum(
        name.answer.seconds
        for name in (account.evidence.network.names if account.evidence.network else ())
        if name.pid == where.pid and account.place(name.stack) == where.place
    )
    own = _own_time(account, talks)
    seconds = account.waited(where, connecting + beginning + greeting) + names + own
    place, stack = _opened_at(account, where)
    at = place or "a library"
    of = whom(where.peer)
    facts = [
        account.fact("network", "connections opened to it", opened / account.seconds, "connections/s"),
        account.fact("network", "requests on each", questions / opened, "requests"),
        account.fact(
            "network",
            "waits to connect and to begin a session",
            (connecting + beginning + greeting) / opened,
            "s/connection",
        ),
        account.fact("cpu", "CPU and calls of its own to open and close", own / opened, "s/connection"),
    ]
    return weigh(
        account,
        "connection-per-request",
        title=f"{at} opens a connection to {of} {rate(opened / account.seconds)} times a second, for "
        f"{questions / opened:.1f} requests each{called_from(account, stack)}",
        seconds=seconds,
        place=place,
        stack=stack,
        facts=tuple(facts),
        fix=f"Open it once, outside of what calls {at}, and use it again: {_cure(where)}.",
        verify=again(
            account,
            f"connections opened to {of}",
            f"{rate(opened / account.seconds)}/s",
            "about 0, with as many requests",
            "trace-network",
        ),
        confidence=0.9 * (where.sureness if place == where.place else 1.0),
        at_least=Severity.WARNING if opened / account.seconds >= OFTEN.value else Severity.INFO,
    )


def _questions(talk: Talk) -> int:
    """Of mail the mails: each takes several turns."""
    return sum(n for shape, n in talk.shapes.items() if shape.startswith("MAIL ")) or talk.questions


def _opened_at(account: Account, where: Talk) -> tuple[Place | None, Stack]:
    """Where the connections are opened: a runtime that does so from its own loop has the line in the program's text,
    where there is but one."""
    use = account.evidence.network
    opens = [line for line in (use.connecting if use else ()) if line.pid == where.pid]
    if not (where.guessed or where.place is None) or len(opens) != 1:
        return where.place, where.stack
    stack = (frame_of(opens[0]),)
    return account.place(stack), stack


def _own_time(account: Account, talks: list[Talk]) -> float:
    """CPU in what connects, shakes hands and closes, and in its system calls, at the lines that open."""
    places = {talk.place for talk in talks if talk.opened}
    if any(talk.guessed for talk in talks):  # (it is opened on behalf of the line, elsewhere)
        places |= {None}
    roots = account.evidence.user_roots
    cpu_time = account.cpu_cost(
        row
        for row in account.samples
        if row.pid == talks[0].pid
        and account.place(row.stack) in places
        and (begins_session(row.stack, roots) or begins_session(row.native, roots))
    )
    calls = sum(
        row.seconds - row.blocked_seconds
        for place in places
        for row in account.calls_at.get(place, ())
        if row.syscall in _OPENING and row.pid == talks[0].pid and not begins_session(row.stack, roots)
    )
    return cpu_time + calls


def _cure(talk: Talk) -> str:
    protocol, language = talk.peer.protocol, runtime(talk.stack)
    if protocol in ("PostgreSQL", "MySQL"):
        pool = {
            FrameKind.PYTHON: "psycopg_pool, SQLAlchemy's engine",
            FrameKind.JAVA: "HikariCP",
            FrameKind.JAVASCRIPT: "the driver's Pool",
        }
        which = pool.get(language, "PgBouncer") if language else "PgBouncer"
        return f"a pool of connections ({which}), or one for each thread"
    if protocol == "Redis":
        return "one client object for the process; it keeps a pool"
    if protocol == MAIL:
        return "one session for many mails, with a new one only after an error or when it was idle for long"
    if protocol in ("HTTP/1", "TLS"):
        kept = {
            FrameKind.PYTHON: "one requests.Session, httpx.Client or http.client.HTTPConnection for all requests",
            FrameKind.JAVA: "one HttpClient for the process, and bodies read to their end",
            FrameKind.JAVASCRIPT: "an http.Agent with keepAlive: true",
        }
        return (
            kept.get(language, "a client that keeps connections alive")
            if language
            else "a client that keeps connections alive"
        ) + "; see that the other side does not close it (Connection: close)"
    return "a pool, or one connection for each thread, with a new one only after an error"


def _examples() -> tuple[Example, ...]:
    line: Stack = (python(31, "price"),)
    connecting: Stack = (library("socket.py", "create_connection"), library("http/client.py", "connect"), *line)
    shaking: Stack = (library("ssl.py", "SSLSocket.do_handshake"), *line)
    asking: Stack = (library("http/client.py", "HTTPConnection.endheaders"), *line)
    work = cpu((python(60, "handle"),), 3.0)
    opening = cpu(connecting, 1.2)
    hands = cpu(shaking, 1.5)
    waits = call("recvfrom", asking, 4000, on="fd:5 (socket:[9])", blocked=2.0)
    each = peer(asking, 4000, wait=2.0, shape="GET /price/?", rows=(TalkRow(pid=4242, stack=connecting, opened=4000),))
    tls = peer(
        asking,
        900,
        wait=0.9,
        protocol="TLS",
        rows=(
            TalkRow(pid=4242, stack=connecting, opened=900),
            TalkRow(pid=4242, stack=shaking, requests=1800, answered=1800, wait_seconds=1.8),
        ),
    )
    loop: Stack = (library("asyncio/sslproto.py", "SSLProtocol._do_handshake"),)
    on_loop = tls.model_copy(
        update={
            "rows": (
                TalkRow(pid=4242, stack=connecting, opened=900),
                TalkRow(pid=4242, stack=(*loop, *line), requests=1800, answered=1800, wait_seconds=1.8),
                TalkRow(pid=4242, stack=asking, requests=30, answered=30, wait_seconds=0.03),
            )
        }
    )
    login: Stack = (library("site-packages/pg8000/core.py", "CoreConnection.__init__"), *line)
    database = peer(
        (python(32, "price"),),
        1000,
        wait=0.3,
        protocol="PostgreSQL",
        shape="SELECT price FROM items WHERE id = ?",
        rows=(TalkRow(pid=4242, stack=login, opened=1000, requests=2000, answered=2000, wait_seconds=4.0),),
        statements=(
            StatementShape(shape="(start of a session)", seen=1000, pid=4242, stack=login),
            StatementShape(shape="(authentication)", seen=1000, pid=4242, stack=login),
        ),
    )
    steps_of_mail = ("EHLO ?", "AUTH ?", "MAIL FROM:?", "RCPT TO:?", "RCPT TO:?", "DATA", "(mail)", "QUIT")

    def mail(sessions: int, mails: int) -> Peer:
        """Of ``mails``, each of which goes to two."""
        begins, ends = steps_of_mail[:2], steps_of_mail[-1:]
        times = {
            step: sessions if step in begins + ends else mails * steps_of_mail.count(step) for step in steps_of_mail
        }
        said = tuple(StatementShape(shape=step, seen=n, pid=4242, stack=line) for step, n in times.items())
        opens = (TalkRow(pid=4242, stack=line, opened=sessions),)
        turns = sum(times.values())
        return peer(
            line, turns, wait=turns * 0.0005, protocol="SMTP", statements=said, rows=opens, address="10.0.0.25:25"
        )

    letters, campaign = mail(300, 300), mail(3, 300)
    dozen = database.model_copy(
        update={
            "rows": (*database.rows, TalkRow(pid=4242, stack=(python(33, "price"),), requests=12_000, answered=12_000))
        }
    )
    visitors, crowds = (
        peer((python(50, "serve"),), requests, direction="incoming", address="10.0.0.9:40000", shape="GET /")
        for requests in (1000, 20_000)
    )
    steps = ("(start of a session)", "(asks for TLS)", "(end of the session)", "SET application_name = ?", "SET a = ?")
    said = (*steps, "SELECT price FROM items WHERE id = ?")
    by_time = peer(
        connecting,
        6000,
        wait=5.2,
        protocol="PostgreSQL",
        opened=1000,
        statements=tuple(StatementShape(shape=shape, seen=1000, pid=4242, stack=connecting) for shape in said),
    )
    own = peer(line, 800, wait=4.0, protocol="", rows=(TalkRow(pid=4242, stack=connecting, opened=400),))
    pool = peer(asking, 4000, wait=2.0, shape="GET /price/?", rows=(TalkRow(pid=4242, stack=connecting, opened=4),))
    crawl = tuple(
        peer(
            asking,
            1,
            wait=0.01,
            address=f"198.51.100.{i}:80",
            shape="GET /",
            rows=(TalkRow(pid=4242, stack=connecting, opened=1),),
        )
        for i in range(200)
    )
    served = peer(line, 4000, direction="incoming", address="10.0.0.9", opened=4000)
    return (
        Example(
            "a driver of which one line is known for all that it sends",
            True,
            "five of six requests on each connection begin or end a session, as their words say",
            window(calls=(call("recvfrom", connecting, 6000, blocked=5.0),), samples=(work,), peers=(by_time,)),
        ),
        Example(
            "a connection for each GET",
            True,
            "4,000 connections for 4,000 requests to one address; a quarter of the busy time opens them",
            window(calls=(waits,), samples=(work, opening), peers=(each,)),
        ),
        Example(
            "TLS from the start each time",
            True,
            "900 hand-shakes, two round trips and 1.7 ms of CPU each",
            window(calls=(call("recvfrom", shaking, 1800, blocked=1.8),), samples=(work, hands), peers=(tls,)),
        ),
        Example(
            "TLS each time, by an event loop",
            True,
            "two turns on each: the last word of the hand-shake goes out with the question behind it",
            window(calls=(call("recvfrom", shaking, 1800, blocked=1.8),), samples=(work, hands), peers=(on_loop,)),
        ),
        Example(
            "a database session for each query",
            True,
            "4 ms of log-in before each statement of 0.3 ms",
            window(calls=(call("recvfrom", login, 2000, blocked=4.0),), samples=(work,), peers=(database,)),
        ),
        Example(
            "a log-in of a protocol of its own for each report",
            True,
            "two questions on each of 40 connections a second, of which the first is a greeting",
            window(calls=(call("recvfrom", line, 800, blocked=4.0),), samples=(work,), peers=(own,)),
        ),
        Example(
            "a connection for each request that is served, for a dozen statements",
            True,
            "as many connections as requests come: the next could use the last one's",
            window(calls=(call("recvfrom", login, 2000, blocked=4.0),), samples=(work,), peers=(dozen, visitors)),
        ),
        Example(
            "a connection now and then, for a dozen statements",
            False,
            "one for each twenty requests that are served",
            window(calls=(call("recvfrom", login, 2000, blocked=0.2),), samples=(work,), peers=(dozen, crowds)),
        ),
        Example(
            "a session with a relay for each mail",
            True,
            "three of eight turns begin and end it, and the others are of one mail",
            window(calls=(call("recvfrom", line, 2400, blocked=1.2),), samples=(work,), peers=(letters,)),
        ),
        Example(
            "a session with a relay for many mails",
            False,
            "three sessions carry 300 mails",
            window(calls=(call("recvfrom", line, 1500, blocked=0.75),), samples=(work,), peers=(campaign,)),
        ),
        Example(
            "a pool",
            False,
            "four connections carry 4,000 requests",
            window(calls=(waits,), samples=(work, opening), peers=(pool,)),
        ),
        Example(
            "a crawler",
            False,
            "each of its 200 peers is another one",
            window(calls=(waits,), samples=(work, opening), peers=crawl),
        ),
        Example(
            "a server whose clients reconnect",
            False,
            "they open the connections, not it",
            window(samples=(work, opening), peers=(served,)),
        ),
    )


PATTERN = Pattern(
    id="connection-per-request",
    title="a connection is opened for each request to the same peer",
    sees="Connects to one address, again and again, each connection carrying a request or a few; what they wait "
    "for, and "
    "the log-ins and hand-shakes that come before the first question.",
    costs="A connection costs a round trip before the first byte, with TLS one or two more and some milliseconds of "
    "CPU on both sides, with a database a process or a log-in; ports and memory of both systems on top, and TCP begins "
    "slowly each time.",
    fix="Keep connections: a session object, a pool, keep-alive on both sides; open new ones only after errors.",
    fine="Many peers, each asked once (a crawler); a few requests a minute; what must not share a connection.",
    thresholds=(RATE, REPEATS, OFTEN, USES, EACH, MANY, GREETED),
    needs=("network",),
    focus=frozenset({Focus.NETWORK}),
    check=check,
    examples=_examples,
    beats=("small-io", "repeated-read", "open-close-churn", "excessive-stat", "hot-loop"),
    causes=("serial-requests", "slow-dependency", "repeated-read"),
)
