"""Does a piece of work take many tiny round trips on one connection?"""

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.asking import called_from, peer, per_unit, whom
from perfdoctor.diagnosis.example import APP, call, cpu, in_loops, library, python, window
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.talk import DATABASES, MAIL, Talk
from perfdoctor.diagnosis.user_code import goes_through_package
from perfdoctor.diagnosis.weight import again, percent, rate, size, weigh
from perfdoctor.diagnosis.words import quoted
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.network import RepeatedLine, TalkRow

RATE = Threshold(100, "requests/s", "fewer cost less than anyone could measure")
SMALL = Threshold(
    512, "bytes, question and answer alike", "up to here a round trip costs far more than what it carries"
)
QUICK = Threshold(
    0.005, "s for an answer", "who answers so soon does no work worth waiting for: the way there is the cost"
)
KEPT = Threshold(20, "requests on each connection", "with fewer the connections are the matter")
PER_UNIT = Threshold(8, "requests for each piece of work", "a few look-ups each are what serving takes")
LITTLE = Threshold(0.05, "s a second, waited and worked", "most of very little is little to win")
AT_ONCE = Threshold(1.5, "under way at once", "what is asked at the same time is not waited for one by one")


def check(account: Account) -> list[Finding]:
    found = []
    for talk in account.talks:
        found += _judge(account, talk)
    return found


def _judge(account: Account, talk: Talk) -> list[Finding]:
    if talk.peer.protocol in DATABASES or not talk.answered or talk.questions / account.seconds < RATE.value:
        return []
    connections = (talk.peer.opened or 0) + (talk.peer.already_open or 0)
    if (
        talk.peer.protocol == MAIL
        or talk.for_news
        or talk.questions < KEPT.value * max(1, connections)
        or talk.gathered
    ):
        return []
    asked = talk.sent_bytes / talk.requests
    told = talk.peer.received_bytes / max(1, talk.peer.turn.times)
    if max(asked, told) > SMALL.value or talk.mean_wait > QUICK.value:
        return []
    share = per_unit(account, talk, talk.questions)
    if share is not None and share < PER_UNIT.value:
        return []
    loop = account.loop_around(talk)
    if loop is not None and account.texts.asks_until(loop):
        return []  # that is a polling-loop
    if share is None and loop is not None and (account.texts.pauses(loop) or account.texts.takes_work(loop)):
        return []  # each round of it is a piece of work, which asks once
    if share is None and account.load(talk.pid).at_once > AT_ONCE.value and not _in_turn(account, talk, loop):
        return []
    waits = account.waited(talk, talk.question_wait_seconds)
    own = account.client_cpu(talk)
    # (of a client of its own, which writes on a socket, the program changes what goes round and asks)
    own_client = talk.peer.protocol != "HTTP/1" and not goes_through_package(talk.stack, account.evidence.user_roots)
    line = talk.place
    if (said := account.texts.said_by(talk.pid, talk.shape)) and line and line.line in (None, said.first):
        # (V8 tells where the function begins that asks)
        line = Place(said.file, said.function, said.line)
    place = (loop if own_client else None) or line
    at: Place | str = place or "a library"
    caller = f", asked at {line}" if place != line else called_from(account, talk.stack)
    each = (waits + own) / talk.questions
    per_second = talk.questions / account.seconds
    of = whom(talk.peer)
    what = f" ({quoted(talk.shape, 60)})" if talk.shape else ""
    unit = f", {rate(share)} for each piece of work" if share is not None else ""
    return weigh(
        account,
        "chatty-protocol",
        title=f"{percent(account.share(waits + own))} of busy time goes into {rate(per_second)} tiny round trips "
        "a second "
        f"to {of}{what}, one after the other{unit}, at {at}{caller}",
        seconds=waits + own,
        place=place,
        stack=talk.stack,
        facts=(
            account.fact("network", f"round trips to {of}", per_second, "requests/s"),
            account.fact("network", "mean wait for the answer", talk.mean_wait, "s"),
            account.fact("network", "mean question", asked, "bytes"),
            account.fact("network", "mean answer", told, "bytes"),
            account.fact("cpu", "CPU of the client around it", own / account.seconds, "cores"),
        ),
        fix=f"At {at}{caller}: {_cure(talk)}. Each round trip costs {each * 1000:.2f} ms for {size(asked)} out and "
        f"{size(told)} back; a hundred together cost little more than one.",
        verify=again(account, f"requests to {of}", f"{rate(per_second)}/s", "a small part of it", "trace-network"),
        confidence=(0.88 if share is not None or talk.peer.protocol else 0.75) * talk.sureness,
        at_most=Severity.CRITICAL if waits + own >= LITTLE.value * account.seconds else Severity.INFO,
    )


def _in_turn(account: Account, talk: Talk, loop: Place | None) -> bool:
    """Whether each of several threads asks one by one: in a loop, and so often that each connection is busy with it.
    (On an event loop what is asked in a loop need not wait there for the answer.)"""
    asyncio = any("/asyncio/" in (frame.file or "") for frame in talk.stack)
    if loop is None or asyncio or account.evidence.target.runtime == "node":
        return False
    return talk.questions >= RATE.value * account.seconds * max(1, talk.peer.open_at_end or 0)


def _cure(talk: Talk) -> str:
    if talk.peer.protocol == "Redis":
        command = talk.shape.split(" ", 1)[0]
        whole = {"GET": "MGET", "SET": "MSET", "HGET": "HMGET or HGETALL", "HSET": "HSET with all fields at once"}.get(
            command
        )
        return (f"ask for all keys at once with {whole}, or " if whole else "") + "send the commands through a pipeline"
    if talk.peer.protocol == "HTTP/1":
        return (
            "ask for many at once (a list of ids in one request, a bulk endpoint), or fetch the whole list and keep it"
        )
    return "gather the questions and send them together (a bulk call, a pipeline: send all, then read all the answers)"


def _examples() -> tuple[Example, ...]:
    posts: Stack = (library("smtplib.py", "SMTP.sendmail"), python(30, "send"))
    line: Stack = (
        library("site-packages/redis/connection.py", "send_packed_command"),
        python(22, "basket"),
        python(50, "page"),
    )
    redis = {"address": "10.0.0.5:6379", "protocol": "Redis"}
    work = cpu((python(60, "render"),), 2.0)
    own = cpu(line, 2.5)
    waits = call("recvfrom", line, 30_000, on="fd:4 (socket:[7])", blocked=3.0)
    gets = peer(line, 30_000, wait=3.0, shape="GET item:?", request_bytes=30, answer_bytes=20, **redis)  # type: ignore[arg-type]
    custom = peer(line, 30_000, wait=3.0, protocol="", request_bytes=16, answer_bytes=16)
    together = peer(
        line,
        30_000,
        wait=3.0,
        shape="GET item:? (pipelined)",
        request_bytes=30,
        answer_bytes=20,
        **redis,  # type: ignore[arg-type]
    )
    served = peer((python(12, "serve"),), 30_000, direction="incoming", address="10.0.0.9")
    large = peer(line, 3000, wait=3.0, shape="GET page:?", request_bytes=30, answer_bytes=40_000, **redis)  # type: ignore[arg-type]
    at_once = peer(
        line,
        30_000,
        wait=60.0,
        protocol="",
        request_bytes=30,
        answer_bytes=20,
        awaited=4.0,
        rows=(TalkRow(pid=4242, stack=(python(1, "other"),), requests=1, answered=1, wait_seconds=0.1),),
    )
    return (
        Example(
            "a loop that asks once each round, and pauses",
            False,
            "3,000 rounds of 10 ms, with a request each",
            window(
                calls=(call("clock_nanosleep", (python(52, "page"),), 3000, blocked=30.0),),
                samples=(cpu(line, 2.5),),
                peers=(peer(line, 3000, wait=1.5, shape="GET rate", request_bytes=30, answer_bytes=20, **redis),),  # type: ignore[arg-type]
                threads=3,
            ),
        ),
        Example(
            "mails to a relay",
            False,
            "each takes four turns, as its protocol has it",
            window(
                calls=(call("recvfrom", posts, 6000, blocked=3.0),),
                samples=(work,),
                peers=(
                    peer(
                        posts, 6000, wait=3.0, protocol="SMTP", shape="MAIL FROM:?", request_bytes=60, answer_bytes=20
                    ),
                ),
            ),
        ),
        Example(
            "Redis asked key by key",
            True,
            "3,000 GETs a second of 20 bytes each, one after the other",
            window(calls=(waits,), samples=(work, own), peers=(gets,)),
        ),
        Example(
            "a protocol of its own, field by field",
            True,
            "3,000 questions of 16 bytes a second on one connection",
            window(calls=(waits,), samples=(work, own), peers=(custom,)),
        ),
        Example(
            "a pipeline",
            False,
            "each send carries many commands",
            window(calls=(waits,), samples=(work, own), peers=(together,)),
        ),
        Example(
            "one look-up for each request",
            False,
            "as many requests were served",
            window(calls=(waits,), samples=(work, own), peers=(served, gets)),
        ),
        Example(
            "pages of 40 KB",
            False,
            "each round trip brings much",
            window(calls=(waits,), samples=(work, own), peers=(large,)),
        ),
        Example(
            "many coroutines that ask at once",
            False,
            "fifteen questions are under way at any time",
            window(calls=(waits,), samples=(work, own), peers=(at_once,)),
        ),
        Example(
            "a question in each round of a loop that pauses",
            False,
            "each round is a piece of work, as the text of the loop says",
            _in_a_loop(window(calls=(waits,), samples=(work, own), peers=(gets,)), pauses=True),
        ),
        Example(
            "many threads, of which each asks one by one",
            True,
            "fifteen questions are under way at any time, of which each is asked in a loop",
            _in_a_loop(window(calls=(waits,), samples=(work, own), peers=(at_once,))),
        ),
    )


def _in_a_loop(seen: Evidence, *, pauses: bool = False) -> Evidence:
    assert seen.network
    asks = next(frame for frame in seen.network.peers[0].rows[0].stack if frame.file == APP)
    return in_loops(seen, RepeatedLine(file=APP, line=asks.line or 0, pauses=pauses))


PATTERN = Pattern(
    id="chatty-protocol",
    title="many tiny round trips one after the other",
    sees="Small questions and small answers on a connection that is kept, hundreds a second from one line, each "
    "waiting "
    "for the one before; many for each piece of work.",
    costs="Each costs a round trip (50 µs on one machine, 0.5 ms in a data centre, more between them), two "
    "system calls "
    "and the client's own work, whatever it carries.",
    fix="Send many at once: MGET, pipelines, bulk endpoints, lists of ids; keep near what is asked again and again.",
    fine="Answers that decide what is asked next; one or a few look-ups for each request.",
    thresholds=(RATE, SMALL, QUICK, KEPT, PER_UNIT, LITTLE, AT_ONCE),
    needs=("network",),
    focus=frozenset({Focus.NETWORK}),
    check=check,
    examples=_examples,
    beats=("serial-requests", "slow-dependency", "small-io", "hot-loop", "serialization-overhead"),
)
