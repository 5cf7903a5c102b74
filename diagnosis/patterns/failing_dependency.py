"""Is a peer asked again and again that refuses, times out or answers with errors?"""

from collections import Counter, defaultdict

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.asking import called_from, peer, whom
from perfdoctor.diagnosis.example import call, cpu, library, native, python, window
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.talk import DATABASES, Talk
from perfdoctor.diagnosis.user_code import is_user_code
from perfdoctor.diagnosis.weight import again, percent, rate, weigh
from perfdoctor.schemas.finding import Finding
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.ledger import State
from perfdoctor.schemas.network import NAME_SERVICE, NetworkError, Peer
from perfdoctor.schemas.syscalls import SyscallRow

RATE = Threshold(1, "failures/s", "fewer are retried at a pace that hurts nobody, or looked for: a health check")
SHARE = Threshold(0.2, "of the attempts", "a healthy peer fails less than one in a hundred")
MOST = Threshold(0.5, "of the attempts", "pauses between attempts of which fewer fail are the pace of the work")
PAUSE = Threshold(1.5, "s of pause", "who waits longer before the next attempt has backed off")

_NOT_THERE = ("ENOENT", "ECONNREFUSED")


def check(account: Account) -> list[Finding]:
    by_peer: dict[tuple[int, int], list[Talk]] = defaultdict(list)
    for talk in account.talks:
        by_peer[id(talk.peer), talk.pid].append(talk)
    found = []
    for talks in by_peer.values():
        found += _judge(account, talks)
    return found


def _judge(account: Account, talks: list[Talk]) -> list[Finding]:
    to = talks[0].peer
    if to.protocol == NAME_SERVICE and all(error.errno in _NOT_THERE for error in to.errors):
        return []  # (libraries look whether there is a cache of names, and go on without it)
    open_at_end = to.open_at_end or 0
    # Requests that found no answer though their connection is not open any more: the program gave up, or was left.
    unanswered = max(0, sum(t.requests - t.answered for t in talks) - open_at_end - sum(t.failed for t in talks))
    if to.protocol in DATABASES:
        unanswered = max(0, unanswered - sum(t.opened for t in talks))  # (a goodbye on each connection)
    failures = sum(t.failed for t in talks) + (unanswered if unanswered > 1 else 0)
    attempts = max(sum(t.requests for t in talks), failures) if to.requests else failures + sum(t.opened for t in talks)
    if failures / account.seconds < RATE.value or failures < SHARE.value * attempts:
        return []
    where = max(talks, key=lambda t: (t.failed + max(0, t.requests - t.answered), t.wait_seconds))
    # (a request that is never answered costs the time at the line that waits, and that may be the next one)
    waits = _waits_in(account, where) if unanswered > 1 else None
    place, stack = (account.place(waits.stack), waits.stack) if waits else (where.place, where.stack)
    # (the loop that tries again may be in a caller of what asks)
    loop = None if waits else account.loop_around(where, again=True)
    attempt, pause, pauses = _time_lost(account, talks, failures, attempts, loop)
    rest = pauses[0] if pauses and pause > attempt else None  # (most of the time is lost there)
    at: Place | str = loop or place or "a library"
    caller = f", asked at {place}" if loop and loop != place else called_from(account, stack)
    of = whom(to)
    how = _how(to, unanswered)
    seconds = attempt + pause
    number = sum(row.calls for row in pauses)
    pausing = account.place(rest.stack) if rest else None
    resting = f", with pauses at {pausing}" if pausing and pausing != at else ""
    return weigh(
        account,
        "failing-dependency",
        title=f"{of} fails {rate(failures / account.seconds)} times a second ({how}), asked again and again at {at}"
        f"{caller}{resting}: {percent(account.share(seconds))} of busy time",
        seconds=seconds,
        place=pausing or loop or place,
        stack=rest.stack if rest and pausing else stack,
        facts=(
            account.fact("network", f"failures of {of}: {how}", failures / account.seconds, "failures/s"),
            account.fact("network", "of the attempts", failures / attempts, "share"),
            account.fact("network", "time in attempts that failed", attempt / failures, "s/failure"),
            account.fact("syscalls", "pauses before the next attempt", pause / max(1, number), "s"),
        ),
        fix=f"See why {of} {_why(to, unanswered)}. At {at}{caller}{resting}: after a few failures stop asking for a "
        "while (a circuit breaker), wait longer each time and with some chance in it, and answer without it meanwhile"
        f"{'; a shorter time limit frees the threads sooner' if attempt > 0.05 * failures else ''}.",
        verify=again(
            account,
            f"failures of {of}",
            f"{rate(failures / account.seconds)}/s",
            "0, or a few a minute",
            "trace-network",
        ),
        confidence=0.9 * where.sureness,
    )


def _waits_in(account: Account, talk: Talk) -> SyscallRow | None:
    """The call in which the function that asks stands still for the answer for longest."""
    function = _functions(account, talk.stack)[:1]
    rows = (
        row for row in account.calls if row.pid == talk.pid and row.blocked_seconds > 0 and _is_attempt(account, row)
    )
    return max(
        (r for r in rows if _functions(account, r.stack)[:1] == function), key=lambda r: r.blocked_seconds, default=None
    )


def _time_lost(
    account: Account, talks: list[Talk], failures: int, attempts: int, loop: Place | None
) -> tuple[float, float, list[SyscallRow]]:
    """(seconds in attempts that failed, seconds in pauses between them, the pauses, longest first)."""
    pid = talks[0].pid
    told = sum(error.times for error in talks[0].peer.errors if error.call == "answer")
    silent = max(0, failures - told) / attempts
    # The loop that tries again is in the function that asks, or in the one that calls it, or it is known.
    own = {place for t in talks if t.failed or t.requests > t.answered for place in _functions(account, t.stack)[:2]}
    own |= {(loop.file, loop.function)} if loop else set()
    attempt = pause = 0.0
    pauses = []
    for row in account.calls:
        if row.pid != pid or not own.intersection(_functions(account, row.stack)[:1]):
            continue
        if row.syscall in calls.SLEEPS or (account.state(row) is State.SLEEP and row.syscall not in calls.POLLS):
            if row.calls and row.blocked_seconds <= PAUSE.value * row.calls:
                pause += row.blocked_seconds
                pauses.append(row)
        elif _is_attempt(account, row):
            attempt += row.seconds * silent
    answered = sum(t.answered for t in talks)
    if told and answered:
        waits = sum(account.waited(t, t.wait_seconds) for t in talks)
        attempt += waits * min(1.0, told / answered)
    failing = failures / attempts
    # (of a peer that mostly answers: who says goodbye asks for no answer)
    silent_peer = answered < MOST.value * sum(t.requests for t in talks)
    lost = [t for t in talks if t.failed or (silent_peer and t.requests > t.answered)]
    attempt += failing * sum(account.client_cpu(t) for t in lost)
    # A pause of whoever asks, between any two requests, is its pace, unless most of them fail.
    pauses.sort(key=lambda row: -row.blocked_seconds)
    return attempt, pause * failing if failing > MOST.value else 0.0, pauses


def _is_attempt(account: Account, row: SyscallRow) -> bool:
    if row.syscall in calls.CONNECTS | calls.RECEIVES | calls.POLLS:
        return True
    return row.syscall in calls.READS and account.state(row) is State.NETWORK


def _functions(account: Account, stack: Stack) -> list[tuple[str | None, str]]:
    roots = account.evidence.user_roots
    return [(frame.file, frame.function) for frame in stack if is_user_code(frame, roots)]


def _how(to: Peer, unanswered: int) -> str:
    said: Counter[str] = Counter()
    for error in to.errors:
        said[f"{error.call} {error.errno}"] += error.times
    if unanswered > 1:
        said["no answer"] += unanswered
    return ", ".join(f"{words} x{times}" for words, times in said.most_common(3)) or "failed"


_REASONS = {
    "ECONNREFUSED": "refuses connections: nothing listens there (is it down, or the port wrong?)",
    "ETIMEDOUT": "does not answer the call: it is down, or something in between drops what is sent",
    "EHOSTUNREACH": "cannot be reached: no way leads there",
    "ENETUNREACH": "cannot be reached: no way leads there",
    "ECONNRESET": "breaks off connections: it crashes, restarts or is overloaded",
    "EPIPE": "has closed connections that are used again",
    "ENOENT": "is not there: its socket does not exist",
    "closed": "does not answer the call in time",
    "EAGAIN": "does not answer in time",
}


def _why(to: Peer, unanswered: int) -> str:
    most = max(to.errors, key=lambda error: error.times, default=None)
    if most is None or unanswered > most.times:
        return "does not answer in time"
    if most.call == "answer":
        return f"answers {most.errno}" + (": it asks to be asked less often" if most.errno.endswith("429") else "")
    return _REASONS.get(most.errno, f"fails with {most.errno}")


def _examples() -> tuple[Example, ...]:
    connecting: Stack = (library("socket.py", "create_connection"), python(27, "charge"), python(51, "checkout"))
    asking: Stack = (
        library("http/client.py", "HTTPConnection.endheaders"),
        python(29, "charge"),
        python(51, "checkout"),
    )
    resting: Stack = (python(53, "checkout"),)
    work = cpu((python(60, "render"),), 2.0)
    refused = (NetworkError(call="connect", errno="ECONNREFUSED", times=400),)
    down = peer(connecting, 0, failed=400, errors=refused)
    no_cache = down.model_copy(
        update={
            "address": "/var/run/nscd/socket",
            "transport": "unix",
            "protocol": NAME_SERVICE,
            "errors": (NetworkError(call="connect", errno="ENOENT", times=400),),
        }
    )
    tries = (
        call("connect", connecting, 400, errors=400, seconds=0.04),
        call("clock_nanosleep", resting, 400, blocked=6.0),
    )
    silent = peer(asking, 15, answered=0, opened=15)
    waits = call("poll", asking, 15, empty=15, blocked=7.5)
    errors = (NetworkError(call="answer", errno="HTTP 503", times=190),)
    broken = peer(asking, 200, wait=5.0, shape="POST /charge", failed=190, errors=errors)
    go = "/usr/lib/go/src/net"
    dial = native("net.(*Dialer).DialContext", "/srv/push", f"{go}/dial.go", 406)
    own_goroutine = (
        dial,
        native("net/http.(*Transport).dialConnFor", "/srv/push", f"{go}/http/t.go", 9),
    )
    posts = (
        native("net/http.(*Client).Post", "/srv/push", f"{go}/http/client.go", 854),
        native("main.(*pusher).try", "/srv/push", "/srv/push.go", 66),
    )
    refused_in_go = peer(own_goroutine, 0, failed=35_000, errors=(refused[0].model_copy(update={"times": 35_000}),))
    healthy = peer(
        asking, 200, wait=5.0, shape="POST /charge", failed=1, errors=(errors[0].model_copy(update={"times": 1}),)
    )
    check_line: Stack = (python(90, "probe"),)
    probe = peer(
        check_line,
        0,
        failed=5,
        errors=(NetworkError(call="connect", errno="ECONNREFUSED", times=5),),
        address="10.0.0.8:80",
    )
    probing = call("clock_nanosleep", (python(92, "probe"),), 5, blocked=10.0)
    return (
        Example(
            "a service that is down",
            True,
            "refused 40 times a second, each time after a short pause",
            window(calls=tries, samples=(work,), peers=(down,)),
        ),
        Example(
            "a service that does not answer",
            True,
            "15 requests run into a time limit of half a second",
            window(calls=(waits,), samples=(work,), peers=(silent,)),
        ),
        Example(
            "a cache of names that is not there",
            False,
            "the C library looks for nscd, and goes on without it",
            window(calls=(tries[0],), samples=(work,), peers=(no_cache,)),
        ),
        Example(
            "a service that answers 503",
            True,
            "of 200 answers 190 say that there is none",
            window(calls=(call("recvfrom", asking, 200, blocked=5.0),), samples=(work,), peers=(broken,)),
        ),
        Example(
            "a service that is down, asked from Go",
            True,
            "the goroutines of net/http connect, for a line that stands on no stack then",
            window(calls=(), samples=(work, cpu(own_goroutine, 1.5), cpu(posts, 1.0)), peers=(refused_in_go,)),
        ),
        Example(
            "a failure once in a while",
            False,
            "one of 200 answers is an error",
            window(calls=(call("recvfrom", asking, 200, blocked=5.0),), samples=(work,), peers=(healthy,)),
        ),
        Example(
            "a health check of a dead host",
            False,
            "one attempt every two seconds is what it is for",
            window(calls=(probing,), samples=(work,), peers=(probe,)),
        ),
    )


PATTERN = Pattern(
    id="failing-dependency",
    title="a peer fails, and is asked again and again",
    sees="Connects that are refused or time out, requests without an answer, connections that break, answers that say "
    "500 or more, for a good part of all attempts; and the time in them and in the pauses between.",
    costs="Each attempt holds a thread until it fails, each pause the work behind it; retries keep a peer down that "
    "could come back.",
    fix="Repair the peer or its address; a circuit breaker, pauses that grow, short time limits, an answer without it.",
    fine="Health checks and discovery, which ask to learn that; a retry now and then.",
    thresholds=(RATE, SHARE, MOST, PAUSE),
    needs=("network",),
    focus=frozenset({Focus.NETWORK}),
    check=check,
    examples=_examples,
    beats=("slow-dependency", "serial-requests", "connection-per-request", "polling-loop"),
)
