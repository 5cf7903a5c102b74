"""Is a database asked the same thing with other values, again and again, for one piece of work?"""

from collections import Counter, defaultdict
from dataclasses import dataclass

from perfdoctor.diagnosis import calls, sqlite
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.asking import called_from, peer, per_unit, runtime, whom
from perfdoctor.diagnosis.example import call, cpu, library, python, window
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.talk import DATABASES, Talk, asks, begins_transaction, is_session, is_transaction
from perfdoctor.diagnosis.user_code import is_user_code
from perfdoctor.diagnosis.weight import again, percent, rate, weigh
from perfdoctor.diagnosis.words import quoted
from perfdoctor.schemas.finding import Finding, NotChecked
from perfdoctor.schemas.frame import FrameKind, Stack
from perfdoctor.schemas.network import Peer, StatementShape

RATE = Threshold(20, "statements/s of one shape", "fewer cost less than anyone could measure")
NUMBER = Threshold(50, "statements of one shape in the window", "fewer are no loop")
PER_UNIT = Threshold(4, "of one shape for each request served", "two or three are separate questions about it")
PER_PARENT = Threshold(
    8, "of one shape for each other statement of the same function", "what asks once for each row of an answer"
)
LOOP = Threshold(100, "statements/s", "a loop in which nothing else is asked; batches of rows are fewer")
ONE_ROW = Threshold(2048, "bytes for each answer", "what is asked row by row brings little; a report brings many rows")
PAGE = Threshold(32 << 10, "bytes for each answer", "what brings so much goes through many rows, page by page")
BATCH = Threshold(4096, "bytes sent for each", "what carries so much brings many rows already")
MOST = Threshold(0.5, "of the statements", "of fewer it is not known how much their answers bring")
AS_OFTEN = Threshold(0.8, "of the shape's number", "a transaction for each, with other statements in it, is no loop")
ALONE = Threshold(0.05, "of the shape's number", "a loop in which nothing else is asked, and nothing served")


_PORTS = frozenset({"5432", "5433", "6432", "3306", "3307", "6033"})


@dataclass(frozen=True)
class _Asked:
    talk: Talk
    shape: str
    seen: float
    stack: Stack


_PREPARED = "EXECUTE "
"""how the shape of a statement begins of which only its name is known"""


def check(account: Account) -> list[Finding]:
    asked = _asked(account)
    found = []
    for one in asked:
        found += _judge(account, one, asked)
    for transactions in sqlite.asked(account):
        found += _judge_sqlite(account, transactions)
    return found


def _judge_sqlite(account: Account, one: sqlite.Asked) -> list[Finding]:
    """Statements of SQLite, each a transaction of its own: it is not known which, and there may be several."""
    per_second = one.times / account.seconds
    served = account.load(one.pid).served
    times = one.times / served if served else one.times
    if one.times < NUMBER.value or per_second < (RATE.value if served else LOOP.value):
        return []
    if served and times < PER_UNIT.value:
        return []
    unit = "for each request that it serves" if served else f"in {account.seconds:.0f} s"
    caller = called_from(account, one.stack)
    each = one.seconds / one.times
    return weigh(
        account,
        "repeated-query",
        title=f"{percent(account.share(one.seconds))} of busy time goes into {rate(times)} statements of SQLite "
        f"{unit}, each in a transaction of its own, on {quoted(one.path)} at {one.place}{caller}",
        seconds=one.seconds,
        place=one.place,
        stack=one.stack,
        facts=(
            account.fact("syscalls", "looks for a journal, one for each transaction", per_second, "calls/s"),
            account.fact("syscalls", unit, times, "statements"),
            account.fact("cpu", "CPU and calls of each", each, "s"),
        ),
        fix=f"Ask for all at once at {one.place}{caller}: a JOIN, or WHERE … IN (…), instead of a statement for each "
        "row (executemany to write); what must stay apart goes into one transaction (BEGIN … COMMIT), which takes the "
        "lock once.",
        verify=again(
            account,
            f"looks for the journal at {one.place}",
            f"{rate(per_second)}/s",
            "one for each piece of work",
            "trace-files",
        ),
        confidence=0.85 if served else 0.7,
    )


def _asked(account: Account) -> list[_Asked]:
    """By line and shape. Where not all were looked at, numbers are scaled to what was counted."""
    found = []
    for talk in account.talks:
        if talk.peer.protocol not in DATABASES:
            continue
        scale = _scale(talk)
        stacks: dict[str, Counter[Stack]] = defaultdict(Counter)
        for said in talk.peer.statements:
            if said.pid == talk.pid and account.place(said.stack) == talk.place:
                stacks[said.shape][said.stack] += said.seen
        for shape, seen in talk.shapes.items():
            if not is_session(shape) and not is_transaction(shape):
                stack = stacks[shape].most_common(1)[0][0] if stacks[shape] else talk.stack
                found.append(_Asked(talk, shape, seen * scale, stack))
    return found


def _scale(talk: Talk) -> float:
    looked_at = sum(talk.shapes.values())
    return max(1.0, talk.requests / looked_at) if looked_at else 1.0


def _judge(account: Account, one: _Asked, asked: list[_Asked]) -> list[Finding]:
    talk = one.talk
    if one.seen < NUMBER.value or one.seen / account.seconds < RATE.value:
        return []
    times, unit, confidence = _for_each(account, one, asked)
    if not unit:
        return []
    real = sum(n for shape, n in talk.shapes.items() if not is_session(shape) and not is_transaction(shape))
    part = talk.shapes[one.shape] / real if real else 1.0
    waits = account.waited(talk, talk.question_wait_seconds) * part
    own = account.client_cpu(talk) * part
    place = _asker(account, one, asked) or talk.place
    at: Place | str = place or "a library"
    caller = f", through {talk.place}" if place != talk.place else called_from(account, one.stack)
    shape = quoted(one.shape, 120)
    statements = one.seen / account.seconds
    each = (waits + own) / one.seen
    return weigh(
        account,
        "repeated-query",
        title=f"{percent(account.share(waits + own))} of busy time goes into {rate(times)} statements of one shape "
        f"{unit}: {shape} at {at}{caller}",
        seconds=waits + own,
        place=place,
        stack=one.stack,
        facts=(
            account.fact("network", f"statements of this shape to {whom(talk.peer)}", statements, "statements/s"),
            account.fact("network", unit, times, "statements"),
            account.fact("network", "mean wait for the answer", talk.mean_wait, "s"),
            account.fact("cpu", "CPU of the client around it", own / account.seconds, "cores"),
        ),
        fix=f"{_cure(one)} The statement is {shape} at {at}{caller}; each costs {each * 1000:.2f} ms, so one "
        "instead of "
        f"{rate(times)} saves nearly all of it.",
        verify=again(
            account,
            f"statements of that shape at {at}",
            f"{rate(statements)}/s",
            "one for each piece of work",
            "trace-network",
        ),
        confidence=confidence * talk.sureness,
    )


def _asker(account: Account, one: _Asked, asked: list[_Asked]) -> Place | None:
    """Where its text stands, if that is on the way to where it is sent; or else, if it goes through a helper that other
    lines ask other things through, the line that calls the helper."""
    if said := account.texts.said_on(one.talk.pid, one.shape, one.stack):
        return said
    own = [frame for frame in one.stack if frame.line and is_user_code(frame, account.evidence.user_roots)]
    others = [_lines(account, o.stack)[:2] for o in asked if o.shape != one.shape]
    if one.shape.startswith(_PREPARED):
        # (it was prepared before the window: all that goes through the helper may look the same)
        sends = (row for row in account.calls_at.get(one.talk.place, ()) if row.syscall in calls.WRITES)
        others += [_lines(account, row.stack)[:2] for row in sends if row.pid == one.talk.pid]
    mine = [(frame.file, frame.line) for frame in own[:2]]
    if len(mine) < 2 or not any(len(o) == 2 and o[0] == mine[0] and o[1] != mine[1] for o in others):
        return None
    return Place(own[1].file, own[1].function, own[1].line)


def _for_each(account: Account, one: _Asked, asked: list[_Asked]) -> tuple[float, str, float]:
    """(how many, for each of what, how sure that is); no what where it is asked once for each piece of work."""
    talk = one.talk
    served = account.load(talk.pid).served
    share = per_unit(account, talk, one.seen)
    answers = sum(o.seen for o in asked if o.talk.peer is talk.peer)
    if one.seen >= MOST.value * answers and talk.peer.received_bytes >= PAGE.value * answers:
        return share or 0.0, "", 0.0
    if share is not None:
        unit = "request that it serves" if served else "piece of work"
        return (share, f"for each {unit}", 0.92) if share >= PER_UNIT.value else (share, "", 0.0)
    functions = _functions(account, one.stack)
    others = [o for o in asked if o is not one and o.talk.pid == talk.pid]
    if _is_a_step_of_transactions(account, one, others):
        return 1.0, "", 0.0
    parents = [
        o
        for o in others
        if o.seen * PER_PARENT.value <= one.seen
        and o.talk.peer is talk.peer
        and functions & _functions(account, o.stack)
        # (what one line asks by two names is the same, once it is prepared)
        and _lines(account, o.stack) != _lines(account, one.stack)
    ]
    if parents:
        parent = max(parents, key=lambda o: o.seen)
        return one.seen / parent.seen, f"for each {quoted(parent.shape, 60)}", 0.92
    alone = all(o.seen <= ALONE.value * one.seen or o.shape == one.shape for o in others) and not served
    little = talk.peer.received_bytes <= ONE_ROW.value * answers
    batches = (talk.peer.sent_bytes or 0) >= BATCH.value * answers
    if alone and little and not batches and one.seen / account.seconds >= LOOP.value:
        return one.seen, f"in {account.seconds:.0f} s", 0.75
    return 0.0, "", 0.0


def _is_a_step_of_transactions(account: Account, one: _Asked, others: list[_Asked]) -> bool:
    """Whether there is a transaction for each statement of the shape, in which another is asked as often: then that is
    the piece of work."""
    talks = [talk for talk in account.talks if talk.pid == one.talk.pid and talk.peer is one.talk.peer]
    begun = sum(n * _scale(talk) for talk in talks for shape, n in talk.shapes.items() if begins_transaction(shape))
    least = AS_OFTEN.value * one.seen
    return begun >= least and any(least <= o.seen <= one.seen / AS_OFTEN.value for o in others)


def _functions(account: Account, stack: Stack) -> set[tuple[str | None, str]]:
    roots = account.evidence.user_roots
    return {(frame.file, frame.function) for frame in stack if is_user_code(frame, roots)} - {(None, "")}


def _lines(account: Account, stack: Stack) -> list[tuple[str | None, int | None]]:
    roots = account.evidence.user_roots
    return [(frame.file, frame.line) for frame in stack if is_user_code(frame, roots)]


def _cure(one: _Asked) -> str:
    verb = one.shape.split(" ", 1)[0].upper()
    files = " ".join(frame.file or "" for frame in one.stack)
    if verb == "INSERT":
        return "Write the rows together: one INSERT with many VALUES, executemany, addBatch or COPY."
    if verb in ("UPDATE", "DELETE"):
        return "Change the rows together: one statement with IN or UPDATE … FROM (VALUES …), or a batch of them."
    if "/django/" in files:
        return "Load them with the first query: select_related for single objects, prefetch_related for lists."
    if "/sqlalchemy/" in files:
        return "Load them with the first query: selectinload or joinedload in its options."
    if runtime(one.stack) is FrameKind.JAVA and "hibernate" in files:
        return "Load them with the first query: JOIN FETCH, an entity graph or @BatchSize."
    return "Ask once for all of them: a JOIN with the first query, WHERE … IN (…) or = ANY(array); keep what repeats."


def blind(account: Account) -> tuple[NotChecked, ...]:
    closed = [p for p in account.peers if p.opaque and (p.requests or 0) / account.seconds >= RATE.value and _is_db(p)]
    if not closed:
        return ()
    return (
        NotChecked(
            pattern="repeated-query",
            why=f"what it asks of {whom(closed[0])} is encrypted",
            enable="for a database behind TLS: its own statistics of statements (pg_stat_statements, "
            "performance_schema), "
            "or a copy of the program that connects without TLS",
        ),
    )


def _is_db(to: Peer) -> bool:
    """By what listens there, or by its port: what is said to it cannot be read."""
    named = any(name in to.program for name in ("postgres", "mysqld", "mariadbd", "pgbouncer"))
    return asks(to) and (named or to.address.rpartition(":")[2] in _PORTS)


def _examples() -> tuple[Example, ...]:
    inner = (
        library("site-packages/pg8000/core.py", "CoreConnection.execute_unnamed"),
        python(88, "lines_of", "/srv/app/db.py"),
    )
    child: Stack = (*inner, python(41, "page"))
    parent: Stack = (library("site-packages/pg8000/core.py", "CoreConnection.execute_unnamed"), python(38, "page"))
    work = cpu((python(60, "render"),), 2.0)
    lines, orders = "SELECT * FROM order_lines WHERE order_id = ?", "SELECT * FROM orders WHERE customer = ?"
    waits = call("recvfrom", child, 20_000, on="fd:4 (socket:[7])", blocked=5.0)
    served = peer((python(12, "serve"),), 100, direction="incoming", address="10.0.0.9")

    def database(children: int, parents: int, seen: int = 0) -> tuple[StatementShape, ...]:
        return tuple(
            StatementShape(shape=shape, seen=n, pid=4242, stack=at)
            for shape, n, at in ((lines, children, child), (orders, parents, parent))
            if n
        )

    many = peer(child, 20_000, wait=5.0, protocol="PostgreSQL", statements=database(20_000, 0))
    first = peer(parent, 100, wait=0.1, protocol="PostgreSQL", shape=orders)
    batch = peer(child, 20_000, wait=5.0, protocol="PostgreSQL", statements=database(20_000, 100), rows=first.rows)
    both = peer(parent, 10_000, wait=2.5, protocol="PostgreSQL")
    report = peer(child, 5000, wait=5.0, protocol="PostgreSQL", statements=database(5000, 0), answer_bytes=20_000)
    pages = peer(child, 400, wait=1.0, protocol="PostgreSQL", statements=database(400, 0), answer_bytes=50_000)
    batches = peer(
        child,
        5000,
        wait=5.0,
        protocol="PostgreSQL",
        statements=database(5000, 0),
        request_bytes=12_000,
        answer_bytes=20,
    )
    one_each = peer(child, 20_000, wait=5.0, protocol="PostgreSQL", statements=database(20_000, 0))
    busy = peer((python(12, "serve"),), 20_000, direction="incoming", address="10.0.0.9")
    jobs = peer(
        (python(9, "next_job"),), 20_000, wait=2.0, address="10.0.0.5:6379", protocol="Redis", shape="BRPOP jobs"
    )
    prepared = peer(
        child,
        20_000,
        wait=5.0,
        protocol="PostgreSQL",
        statements=(
            StatementShape(shape="UPDATE tickets SET used = ? WHERE code = ?", seen=35, pid=4242, stack=child),
            StatementShape(shape="EXECUTE _pg?_?", seen=850, pid=4242, stack=child),
        ),
        answer_bytes=9000,
    )
    transactions = peer(
        child,
        1000,
        wait=4.0,
        protocol="PostgreSQL",
        statements=(
            *database(1000, 10),
            StatementShape(shape="DELETE FROM incoming", seen=1000, pid=4242, stack=parent),
            StatementShape(shape="BEGIN", seen=1000, pid=4242, stack=parent),
        ),
        rows=first.rows,
    )
    several = peer(child, 10_000, wait=2.5, protocol="PostgreSQL", statements=database(10_000, 10_000), rows=both.rows)
    row_of_sqlite = (python(89, "newest_test"), python(52, "page"))
    journal = call("newfstatat", row_of_sqlite, 40_000, errors=40_000, on="/srv/vault.db-journal", seconds=0.1)
    reads = call("pread64", row_of_sqlite, 40_000, on="/srv/vault.db", transferred=640_000, seconds=0.1)
    commits = call("fdatasync", (python(93, "newest_test"), python(52, "page")), 40_000, on="/srv/vault.db-journal")
    sqlite_at_work = cpu(row_of_sqlite, 2.0)
    return (
        Example(
            "one statement for each row of a page",
            True,
            "200 statements of one shape for each request that is served",
            window(calls=(waits,), samples=(work,), peers=(served, many)),
        ),
        Example(
            "a batch that asks for each row of its first answer",
            True,
            "200 statements of one shape for each of another, in the same function",
            window(calls=(waits,), samples=(work,), peers=(batch,)),
        ),
        Example(
            "a loop that asks for one row at a time",
            True,
            "4,000 a second, each for a few hundred bytes, and nothing else is asked",
            window(calls=(waits,), samples=(work,), peers=(one_each,)),
        ),
        Example(
            "a statement of SQLite for each row of a page",
            True,
            "40 looks for its journal for each request that is served: outside of a transaction each statement is one",
            window(calls=(journal, reads), samples=(sqlite_at_work, work), peers=(served,)),
        ),
        Example(
            "a row of SQLite that is written for each reading, and committed below",
            False,
            "each transaction waits for the disk: that is the thing to mend (sync-write)",
            window(calls=(journal, commits), samples=(sqlite_at_work, work), peers=(served,)),
        ),
        Example(
            "SQLite asked twice for each request",
            False,
            "two or three are separate questions about it",
            window(calls=(journal,), samples=(sqlite_at_work, work), peers=(busy,)),
        ),
        Example(
            "reports, each by one statement",
            False,
            "each brings 20 kB: many rows",
            window(calls=(waits,), samples=(work,), peers=(report,)),
        ),
        Example(
            "an export that goes through a table page by page",
            False,
            "four statements for each request that is served, each of which brings 50 kB",
            window(calls=(waits,), samples=(work,), peers=(served, pages)),
        ),
        Example(
            "rows that are written by hundreds",
            False,
            "each statement carries 12 kB",
            window(calls=(waits,), samples=(work,), peers=(batches,)),
        ),
        Example(
            "one statement for each request",
            False,
            "20,000 requests were served with 20,000 statements",
            window(calls=(waits,), samples=(work,), peers=(busy, one_each)),
        ),
        Example(
            "one statement for each job",
            False,
            "each is for a job that was fetched from a queue",
            window(calls=(waits,), samples=(work,), peers=(jobs, one_each)),
        ),
        Example(
            "a statement that its driver prepares",
            False,
            "the first five times it is asked in its own words: it is no other one",
            window(calls=(waits,), samples=(work,), peers=(prepared,)),
        ),
        Example(
            "a transaction for each file, and a check of all now and then",
            False,
            "each is begun, empties a table and fills another by one statement",
            window(calls=(waits,), samples=(work,), peers=(transactions,)),
        ),
        Example(
            "a unit of work of two statements",
            False,
            "both shapes are asked equally often",
            window(calls=(waits,), samples=(work,), peers=(several,)),
        ),
    )


PATTERN = Pattern(
    id="repeated-query",
    title="the same statement is run for each row",
    sees="Statements of one shape (without their values) on a database connection, many for each request that is "
    "served, or for each other statement of the same function.",
    costs="Each statement costs a round trip, parsing and planning there, and building and reading it here: 0.1 "
    "to 1 ms "
    "nearby, many times that across zones. A page of 200 rows waits 200 times.",
    fix="A JOIN, WHERE … IN, prefetching by the ORM; executemany or COPY to write; a cache for what repeats.",
    fine="A few statements for each request; look-ups that depend on each other's answers.",
    thresholds=(RATE, NUMBER, PER_UNIT, PER_PARENT, AS_OFTEN, LOOP, ONE_ROW, PAGE, MOST, BATCH, ALONE),
    needs=("network",),
    focus=frozenset({Focus.NETWORK, Focus.IO}),
    check=check,
    examples=_examples,
    beats=(
        "chatty-protocol",
        "serial-requests",
        "slow-dependency",
        "small-io",
        "excessive-stat",
        "hot-loop",
        "serialization-overhead",
    ),
    blind=blind,
)
