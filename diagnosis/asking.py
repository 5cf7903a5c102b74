"""Words and figures that all patterns about peers share."""

from collections.abc import Iterable

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import PID
from perfdoctor.diagnosis.ledger import keeps_pace
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.talk import Talk
from perfdoctor.diagnosis.user_code import is_user_code
from perfdoctor.diagnosis.words import quoted
from perfdoctor.schemas.frame import FrameKind, Stack
from perfdoctor.schemas.ledger import State
from perfdoctor.schemas.network import Awaited, Delay, NetworkError, Peer, StatementShape, TalkRow

LARGE_TRANSFER = 1 << 18
"""bytes; so many take as long as their way does, whoever is at its ends"""
_BRINGS = calls.READS | calls.RECEIVES
"""What work comes in by. A wake-up in a poll or a lock may come from within."""


def whom(peer: Peer) -> str:
    return quoted(peer.address) + (f" ({peer.protocol})" if peer.protocol else "")


def called_from(account: Account, stack: Stack) -> str:
    """The line of the user's code that called the one that asks: where its loop is. Empty where there is none."""
    own = [frame for frame in stack if is_user_code(frame, account.evidence.user_roots)]
    for frame in own[1:]:
        if frame.function != own[0].function and frame.line:
            return f", called at {Place(frame.file, frame.function, frame.line)}"
    return ""


def runtime(stack: Stack) -> FrameKind | None:
    """The language that asks, as far as the stack tells."""
    kinds = [frame.kind for frame in stack if frame.kind in (FrameKind.PYTHON, FrameKind.JAVASCRIPT, FrameKind.JAVA)]
    if kinds:
        return kinds[0]
    node = any(frame.function.startswith(("uv_", "uv__", "node::")) for frame in stack)
    return FrameKind.JAVASCRIPT if node else None


def units(account: Account, pid: int) -> float:
    """How many pieces of work the process was brought in the window: requests that it served, else what it waited for
    and got. 0: it makes its own work, as a batch does."""
    if served := account.load(pid).served:
        return served
    brought = sum(
        max(0, row.calls - row.errors - row.empty)
        for row in account.calls
        if row.pid == pid and row.blocked_seconds > 0 and row.syscall in _BRINGS and account.state(row) is State.IDLE
    )
    return brought + sum(talk.answered for talk in account.talks if talk.pid == pid and talk.for_news)


def paces(account: Account, talk: Talk) -> float:
    """How often the loops that ask there paused between two rounds, each a piece of work. 0: they do not pause."""
    roots = account.evidence.user_roots
    asking = {(frame.file, frame.function) for frame in talk.stack if is_user_code(frame, roots)}
    # (the pause may be in a generator that the loop goes over)
    return sum(
        row.calls
        for row in account.calls
        if row.pid == talk.pid
        and keeps_pace(row, roots)
        and any((frame.file, frame.function) in asking for frame in row.stack)
    )


def per_unit(account: Account, talk: Talk, times: float) -> float | None:
    """``times`` for each piece of work; None where it makes its own. Where pieces are too few for that many requests to
    belong to them, they are others: timers, signals, the odd health check."""
    number = units(account, talk.pid) or paces(account, talk)
    most = 1000 if account.load(talk.pid).served else 100
    return times / number if number and times <= most * number else None


def bytes_each(talks: Iterable[Talk]) -> float:
    """Bytes to and from the peers of these lines, by the same processes, for each answer."""
    seen = {(id(talk.peer), talk.pid): talk.peer for talk in talks}
    rows = [row for (_, pid), peer_ in seen.items() for row in peer_.rows if row.pid == pid]
    return sum(row.sent_bytes + row.received_bytes for row in rows) / max(1, sum(row.answered for row in rows))


# ---- for examples ------------------------------------------------------------------------------------------------
def peer(
    at: Stack,
    requests: int = 0,
    *,
    wait: float = 0.0,
    address: str = "10.0.0.7:8080",
    direction: str = "outgoing",
    protocol: str = "HTTP/1",
    shape: str = "",
    opened: int = 0,
    connect: float = 0.0,
    answered: int | None = None,
    request_bytes: int = 200,
    answer_bytes: int = 400,
    errors: tuple[NetworkError, ...] = (),
    failed: int = 0,
    rows: tuple[TalkRow, ...] = (),
    statements: tuple[StatementShape, ...] = (),
    awaited: float | None = None,
    shrinks_to: float | None = None,
    side: str = "remote",
    rtt: float | None = 0.0002,
    pid: int = PID,
) -> Peer:
    """A peer that one line talks to; ``rows`` and ``statements`` come on top."""
    got = requests if answered is None else answered
    row = TalkRow(
        pid=pid,
        stack=at,
        opened=opened,
        requests=requests,
        answered=got,
        wait_seconds=wait,
        sends=requests,
        sent_bytes=requests * request_bytes,
        receives=got,
        received_bytes=got * answer_bytes,
        failed=failed,
    )
    every = (row, *rows)
    said = (*((StatementShape(shape=shape, seen=requests, pid=pid, stack=at),) if shape else ()), *statements)
    return Peer(
        transport="tcp",
        direction=direction,
        address=address,
        side=side,
        opened=sum(r.opened for r in every),
        already_open=0 if opened else 1,
        connect=Delay(times=opened, seconds=connect),
        requests=sum(r.requests for r in every),
        turn=Delay(times=sum(r.answered for r in every), seconds=sum(r.wait_seconds for r in every)),
        sends=sum(r.sends for r in every),
        sent_bytes=sum(r.sent_bytes for r in every),
        receives=sum(r.receives for r in every),
        received_bytes=sum(r.received_bytes for r in every),
        rtt_seconds=rtt,
        errors=errors,
        protocol=protocol,
        opaque=protocol == "TLS",
        rows=every,
        statements=said,
        awaited=(Awaited(pid=pid, seconds=sum(r.wait_seconds for r in every) if awaited is None else awaited),),
        sent_shrinks_to=shrinks_to,
        received_shrinks_to=shrinks_to,
    )
