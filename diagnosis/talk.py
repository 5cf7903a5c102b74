"""Whom does each line of the user's code ask, and is a wait on a socket one for an answer or for work?"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from perfdoctor.diagnosis.user_code import is_user_code
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.network import NetworkUse, Peer, TalkRow
from perfdoctor.schemas.syscalls import LentLine

if TYPE_CHECKING:
    from perfdoctor.diagnosis.place import Place

LONG_WAIT_SECONDS = 0.05
"""Pushed news come rarer than this; what was asked for comes sooner."""
SMALL_NEWS = 4096
SOME_NEWS, LONG_WAIT = 0.05, 0.005
"""of what one line asks; seconds for each"""
"""bytes; pieces of a large answer are larger"""

DATABASES = frozenset({"PostgreSQL", "MySQL"})
STORES = DATABASES | {"Redis"}
MAIL = "SMTP"
"""several turns for each mail, one after the other, as its protocol has it"""
_ASKED = ("tcp", "unix", "unix-packet")
"""transports on which one side asks and the other answers"""

# What a client says before its first question, and about the connection itself.
_SESSION = re.compile(
    r"\((?:start of|end of|authentication|asks for|cancel|close|sync|flush|HTTP/2)"
    r"|(?:AUTH|HELLO|CLIENT|SELECT \?|QUIT|PING)$|(?:SET|SHOW|DISCARD|RESET)\b(?! \S+:)"
    r"|(?:(?:EHLO|HELO|LHLO|AUTH) \?|NOOP|RSET|STARTTLS)$"
)
_TRANSACTION = re.compile(
    r"(?:BEGIN|START|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|END)\b|\(bind\)|\(execute\)", re.IGNORECASE
)
_BEGIN = re.compile(r"(?:BEGIN|START TRANSACTION)\b", re.IGNORECASE)
# Commands that answer when there is news: BLPOP queue:?   LISTEN jobs   GET /events/poll?since=?
_NEWS = re.compile(
    r"(?:BLPOP|BRPOP|BLMOVE|BRPOPLPUSH|BZPOPMIN|BZPOPMAX|BLMPOP|XREAD|XREADGROUP|SUBSCRIBE|PSUBSCRIBE|SSUBSCRIBE|MONITOR"
    r"|LISTEN|WAIT)\b"
    r"|GET \S*?(?:poll|event|subscri|watch|listen|stream|notif|updates|changes|wait|next-job)",
    re.IGNORECASE,
)
_HANDSHAKES = re.compile(
    r"(?:^|[._:])(?:do_handshake|_do_handshake|wrap_socket|_create_conn|create_connection|start_tls|_start_tls|getaddrinfo"
    r"|create_default_context|load_verify_locations|load_default_certs|_connect_tcp|open_connection|SSL_do_handshake"
    r"|SSL_connect|SSL_CTX_\w+|PQconnect\w*|handshake\w*|createConnection|lookup|new_conn|_new_conn|connect"
    r"|connectImpl|startHandshake|internalConnect\w*|\(\*Dialer\)\.\w+|_connect_unix)$"
)


@dataclass(eq=False)
class Talk:
    """What one line of the user's code asked of one peer. ``stack`` is the one that waited longest. ``wait_seconds``
    adds up over requests, and may be more than the time that passed."""

    peer: Peer
    pid: int
    place: Place | None
    guessed: bool = False
    """its line is not that of the calls, but the one that most uses a client's code"""
    stack: Stack = ()
    heaviest: tuple[float, int] = (-1.0, 0)
    opened: int = 0
    requests: int = 0
    answered: int = 0
    failed: int = 0
    wait_seconds: float = 0.0
    connect_seconds: float = 0.0
    sends: int = 0
    sent_bytes: int = 0
    session_wait_seconds: float = 0.0
    """of ``wait_seconds``, before the first question: hand-shakes, log-ins"""
    session_requests: int = 0
    rest_seconds: float = 0.0
    """that threads stood still in the function's receives beyond ``wait_seconds``, which end with an answer's first
    bytes: a database says at once that it has understood, and works then"""
    shapes: Counter[str] = field(default_factory=Counter)

    def add(self, row: TalkRow, session: float) -> None:
        """``session``: the part of its requests that begin or end a session."""
        self.opened += row.opened
        self.requests += row.requests
        self.answered += row.answered
        self.failed += row.failed
        self.wait_seconds += row.wait_seconds
        if row.opened and self.peer.opened:
            self.connect_seconds += self.peer.connect.seconds * row.opened / self.peer.opened
        self.sends += row.sends
        self.sent_bytes += row.sent_bytes
        self.session_wait_seconds += session * row.wait_seconds
        self.session_requests += round(session * row.requests)
        weight = row.wait_seconds, row.requests + row.opened + row.failed
        if weight > self.heaviest:
            self.heaviest, self.stack = weight, row.stack

    def take(self, other: Talk) -> None:
        """What another line is known to have asked, which was this one."""
        if other.heaviest > self.heaviest:
            self.heaviest, self.stack = other.heaviest, other.stack
        self.guessed = self.guessed or other.guessed
        self.opened += other.opened
        self.requests += other.requests
        self.answered += other.answered
        self.failed += other.failed
        self.wait_seconds += other.wait_seconds
        self.connect_seconds += other.connect_seconds
        self.sends += other.sends
        self.sent_bytes += other.sent_bytes
        self.session_wait_seconds += other.session_wait_seconds
        self.session_requests += other.session_requests
        self.rest_seconds += other.rest_seconds
        self.shapes += other.shapes

    @property
    def sureness(self) -> float:
        """What is left of a finding's confidence, by how its line was found."""
        return 0.85 if self.guessed else 1.0

    @property
    def questions(self) -> int:
        """Requests without those that only began a session."""
        return max(0, self.requests - self.session_requests)

    @property
    def question_wait_seconds(self) -> float:
        """Of ``wait_seconds``, without what only began a session."""
        return self.wait_seconds - self.session_wait_seconds

    def tell_hand_shakes(self) -> None:
        """What is encrypted begins with a turn that asks nothing, on each new connection. Where its stack did not tell
        it from the others, it took its part of their time."""
        if self.peer.opaque and not self.session_requests and self.answered:
            self.session_requests = min(self.opened, self.answered)
            self.session_wait_seconds = self.wait_seconds * self.session_requests / self.answered

    def tell_questions_behind_hand_shakes(self) -> None:
        """The last word of a hand-shake waits for no answer: who sends it and asks then is in one turn, which its stack
        takes for the hand-shake's. With several turns on each connection, one of them asks."""
        most = max(self.opened, self.answered - self.opened)
        if self.peer.opaque and self.session_requests > most:
            self.session_wait_seconds *= most / self.session_requests
            self.session_requests = most

    @property
    def mean_wait(self) -> float:
        return self.wait_seconds / self.answered if self.answered else 0.0

    @property
    def shape(self) -> str:
        """What it mostly asks; empty where that is not known."""
        real = {shape: n for shape, n in self.shapes.items() if not is_session(shape)}
        return max(real, key=lambda shape: (real[shape], shape), default="")

    @property
    def gathered(self) -> bool:
        """Whether what it sends mostly holds many requests already."""
        known = sum(self.shapes.values())
        return known > 0 and sum(n for shape, n in self.shapes.items() if "(pipelined)" in shape) > 0.5 * known

    @property
    def for_news(self) -> bool:
        """Whether it asks to be told when something happens, and has nothing to do until then."""
        known = sum(self.shapes.values())
        news = sum(n for shape, n in self.shapes.items() if _NEWS.match(shape))
        # (who also asks for other things waits little for those, where all of it takes long)
        mostly = news >= 0.5 * known or (news >= SOME_NEWS * known and self.mean_wait >= LONG_WAIT)
        return known > 0 and news > 0 and mostly


# The modules that a program in JavaScript asks through. Node.js sends from its own loop, when no line of the program
# that asked is on the stack any more.
_JAVASCRIPT_CLIENTS = re.compile(
    r"^node:(?:_http_client|_http_agent|https?$|http2|net|tls|dns|internal/deps/undici|internal/bootstrap/web)"
    r"|/node_modules/(?:undici|axios|got|node-fetch|needle|superagent|request|pg|mysql2?|mongodb|redis|ioredis|@redis)/"
)


# Go's clients hand requests to goroutines of their own, which connect, send and receive.
_GO_CLIENTS = re.compile(
    r"(?:net/http\.\(\*(?:Client|Transport|persistConn)\)|database/sql\.\(\*|google\.golang\.org/grpc[./]"
    r"|go\.mongodb\.org/mongo-driver/|github\.com/(?:jackc/pgx|lib/pq|go-sql-driver|redis|go-redis|gomodule/redigo)[./])"
)


# Clients for asyncio, which may send from a task or callback of their own.
_ASYNCIO_CLIENTS = re.compile(
    r"/(?:aiohttp/(?:client|connector)|httpx/|httpcore/_async/|redis/asyncio/|asyncpg/|psycopg/(?:connection|cursor)_async"
    r"|psycopg/_(?:connection|cursor)_base|aiomysql/|asyncmy/|aiopg/|motor/|pymongo/asynchronous/|grpc/aio/|aiokafka/"
    r"|aio_pika/|aiormq/|websockets/(?:asyncio/)?client|elastic_transport/_async|aiobotocore/|aiocache/|nats/)"
)


def asks_through(frame: Frame) -> bool:
    """Whether a frame that the user's line called is a client of the network that asks from elsewhere: the loop of
    Node.js or of asyncio, goroutines of its own."""
    if frame.kind is FrameKind.PYTHON:
        return frame.file is not None and _ASYNCIO_CLIENTS.search(frame.file) is not None
    if frame.kind is FrameKind.JAVASCRIPT:
        return frame.file is not None and _JAVASCRIPT_CLIENTS.search(frame.file) is not None
    return frame.kind is FrameKind.NATIVE and _GO_CLIENTS.match(frame.function) is not None


# Clients that send from a thread of their own, while the one that asked stands still for the answer.
_JAVA_CLIENTS = re.compile(
    r"(?:jdk\.internal\.net\.http|okhttp3|org\.apache\.(?:http|hc)|io\.lettuce|io\.grpc|reactor\.netty|org\.asynchttpclient"
    r"|com\.mongodb|software\.amazon\.awssdk|org\.elasticsearch\.client|com\.datastax|io\.vertx\.core\.http)\."
)


def asks_through_java(stack: Stack, roots: tuple[str, ...]) -> bool:
    """Whether the user's line of Java calls a client of the network."""
    for frame in stack:
        if is_user_code(frame, roots):
            return False
        if _JAVA_CLIENTS.match(frame.function):
            return True
    return False


def is_session(shape: str) -> bool:
    return _SESSION.match(shape) is not None


def is_transaction(shape: str) -> bool:
    """Statements around others, and the later steps of one that was prepared."""
    return _TRANSACTION.match(shape) is not None


def begins_transaction(shape: str) -> bool:
    return _BEGIN.match(shape) is not None


def _session_part(said: Counter[str]) -> float:
    """Of what a line said, which part only begins or ends a session. (A stack may stand for several lines of a driver:
    Java's are joined by time.)"""
    return sum(n for shape, n in said.items() if is_session(shape)) / max(1, sum(said.values()))


def begins_session(stack: Stack, roots: tuple[str, ...]) -> bool:
    """Whether library code under the user's line connects, or shakes hands."""
    for frame in stack:
        if is_user_code(frame, roots):
            return False
        if _HANDSHAKES.search(frame.function):
            return True
    return False


def asks(peer: Peer) -> bool:
    """Whether we called this peer, on a connection that carries questions and answers."""
    return peer.direction == "outgoing" and peer.transport in _ASKED and peer.address not in ("(unnamed)", "?")


def is_served(peer: Peer) -> bool:
    return peer.direction == "incoming" and peer.transport in _ASKED


def talks(use: NetworkUse | None, place_of: Callable[[Stack], Place | None], roots: tuple[str, ...] = ()) -> list[Talk]:
    """By peer, process and line."""
    found: dict[tuple[int, int, Place | None], Talk] = {}
    for i, peer in enumerate(use.peers if use else ()):
        if not asks(peer):
            continue
        shapes: dict[tuple[int, Stack], Counter[str]] = defaultdict(Counter)
        for said in peer.statements:
            shapes[said.pid, said.stack][said.shape] += said.seen
        for row in peer.rows:
            if not (row.requests or row.answered or row.opened or row.failed):
                continue
            place = place_of(row.stack)
            talk = found.setdefault((i, row.pid, place), Talk(peer, row.pid, place))
            said_here = shapes.pop((row.pid, row.stack), Counter())
            talk.add(row, _session_part(said_here) if said_here else float(begins_session(row.stack, roots)))
            talk.shapes += said_here
    return list(found.values())


def merged(found: list[Talk]) -> list[Talk]:
    """Those of one peer, process and line in one, once it is known which line it was."""
    at: dict[tuple[int, int, Place | None], Talk] = {}
    for talk in found:
        known = at.setdefault((id(talk.peer), talk.pid, talk.place), talk)
        if known is not talk:
            known.take(talk)
    return list(at.values())


class Sides:
    """Which side a thread waits for in a receive or a poll, by the peers that the same line received from; and the
    lines that wait for what a pool of the program's own lends."""

    def __init__(self, use: NetworkUse | None = None, lent: Iterable[LentLine] = ()) -> None:
        lent = tuple(lent)
        self.lent = frozenset((line.file, line.line) for line in lent if not line.work)
        self.works = frozenset((line.file, line.line) for line in lent if line.work)
        self._exact: dict[tuple[int, Stack], Counter[str]] = defaultdict(Counter)
        self._near: dict[tuple[int, str | None, str], Counter[str]] = defaultdict(Counter)
        self._process: dict[int, Counter[str]] = defaultdict(Counter)
        for peer in use.peers if use else ():
            told = is_served(peer) or _only_tells(peer)
            if not (asks(peer) or told):
                continue
            side = "work" if told or _tells_news(peer) else "answer"
            for row in peer.rows:
                if row.requests and side == "answer" and (frame := _own(row.stack)):
                    self._near[row.pid, frame.file, frame.function][side] += row.requests
                if not row.receives:
                    continue
                self._exact[row.pid, row.stack][side] += row.receives
                self._process[row.pid][side] += row.receives
                if frame := _own(row.stack):
                    self._near[row.pid, frame.file, frame.function][side] += row.receives

    def at_line(self, pid: int, stack: Stack) -> str:
        """ "answer", "work", or "" where the line is not known to receive."""
        return _mostly(self._exact.get((pid, stack))) if stack else ""

    def in_function(self, pid: int, stack: Stack) -> str:
        """The same of the user's function, which may wait in one line and receive, or have asked, in another."""
        frame = _own(stack)
        return _mostly(self._near.get((pid, frame.file, frame.function))) if frame else ""

    def in_process(self, pid: int) -> str:
        """Of a process that has one side only."""
        sides = self._process.get(pid, Counter())
        return next(iter(sides)) if len(sides) == 1 else ""


def _own(stack: Stack) -> Frame | None:
    return next((frame for frame in stack if is_user_code(frame)), None)


def _mostly(sides: Counter[str] | None) -> str:
    if not sides:
        return ""
    side, times = sides.most_common(1)[0]
    return side if times >= 0.8 * sum(sides.values()) else ""


def _only_tells(peer: Peer) -> bool:
    """Whether datagrams came, and none went: nobody was asked for them."""
    return peer.transport in ("udp", "unix-datagram") and not peer.sends


def _tells_news(peer: Peer) -> bool:
    """Whether we called it to be told what happens: a subscription, a long poll, a blocking pop."""
    known = sum(said.seen for said in peer.statements)
    if known and sum(said.seen for said in peer.statements if _NEWS.match(said.shape)) >= 0.5 * known:
        return True
    receives = peer.receives or 0
    # told far more often than it asked, in small pieces: pushed
    return receives >= 5 and peer.turn.times <= 0.1 * receives and peer.received_bytes <= SMALL_NEWS * receives


@dataclass(frozen=True)
class Load:
    """What sets the work of one process: the requests that it serves in the window, as far as it is a server."""

    served: int
    awaited_seconds: float
    waits_seconds: float

    @cached_property
    def at_once(self) -> float:
        """How many requests of its own are under way at once, on average, while any is."""
        return self.waits_seconds / self.awaited_seconds if self.awaited_seconds > 0 else 1.0


def load_of(use: NetworkUse | None, pid: int, asked: Iterable[Talk]) -> Load:
    peers = use.peers if use else ()
    served = sum(row.requests for peer in peers if is_served(peer) for row in peer.rows if row.pid == pid)
    awaited = sum(a.seconds for a in use.awaited if a.pid == pid) if use else 0.0
    waits = sum(talk.wait_seconds for talk in asked if talk.pid == pid)
    return Load(served, awaited, waits)


def served_at(use: NetworkUse | None, peer: Peer) -> set[int]:
    """The processes of this window that serve what is asked of ``peer``."""
    if peer.side != "local":
        return set()
    here = (one for one in (use.peers if use else ()) if one.direction == "incoming" and one.local)
    return {row.pid for one in here if peer.address.endswith(one.local) for row in one.rows}


def only_ask_the_target(evidence: Evidence) -> set[int]:
    """The processes beside the target that talk to nobody but to it: they make its load, or are a part of its work."""
    use, target = evidence.network, evidence.target.pid
    asked: dict[int, bool] = {}
    for peer in use.peers if use else ():
        of_target = asks(peer) and target in served_at(use, peer)
        for row in peer.rows if asks(peer) else ():
            if row.pid != target and row.requests:
                asked[row.pid] = asked.get(row.pid, True) and of_target
    return {pid for pid, only in asked.items() if only}


def awaited_by(use: NetworkUse | None) -> dict[int, float]:
    """By process, how long it had a request under way whose answer it needs to go on: news are none."""
    total: dict[int, float] = {a.pid: a.seconds for a in use.awaited} if use else {}
    for_news: dict[int, float] = defaultdict(float)
    for_answers: dict[int, float] = defaultdict(float)
    for peer in use.peers if use else ():
        of_peer = for_news if _tells_news(peer) else for_answers
        for a in peer.awaited:
            of_peer[a.pid] += a.seconds
    return {pid: min(seconds, for_answers[pid]) if for_news[pid] else seconds for pid, seconds in total.items()}
