"""Are large bodies sent as they are that would shrink if they were compressed?"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.asking import LARGE_TRANSFER, peer, runtime, whom
from perfdoctor.diagnosis.example import call, cpu, library, python, window
from perfdoctor.diagnosis.objects import is_socket
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.talk import is_served
from perfdoctor.diagnosis.weight import again, percent, size, weigh
from perfdoctor.schemas.finding import Finding, NotChecked, Severity
from perfdoctor.schemas.frame import FrameKind, Stack
from perfdoctor.schemas.network import AskingLine, Peer, TalkRow
from perfdoctor.schemas.syscalls import SyscallRow

SHRINKS = Threshold(
    0.5, "of its size", "compressing text leaves a tenth to a third; what keeps more than half pays little"
)
BODY = Threshold(8192, "bytes each", "a smaller one leaves in one go: its size is not what it waits for")
RATE = Threshold(200_000, "bytes/s", "a slower stream fits through any link")
LARGE = Threshold(
    LARGE_TRANSFER, "bytes each", "the answer to so large a body waits for its way more than for the other side's work"
)
FAR = Threshold(0.005, "s there and back", "clients nearer than this have what they asked for within a few of them")
FIRST_BURST = Threshold(14_600, "bytes", "what leaves before anything must have been confirmed")
CPU = Threshold(20e-9, "s of CPU to compress a byte", "gzip at its fastest levels, zstd and brotli need less")

_DIRECTIONS = ("sent", "received")


@dataclass(frozen=True)
class _Flow:
    peer: Peer
    way: str
    bytes: int
    bodies: int
    shrinks_to: float
    rows: tuple[TalkRow, ...]


def check(account: Account) -> list[Finding]:
    found = []
    for flow in _flows(account):
        found += _judge(account, flow)
    return found


def _flows(account: Account) -> list[_Flow]:
    found = []
    for one in account.peers:
        if one.transport != "tcp" or one.opaque or one.side == "local":
            continue  # within a machine bytes cost less than their compression
        for way in _DIRECTIONS:
            shrinks_to = one.sent_shrinks_to if way == "sent" else one.received_shrinks_to
            moved = one.sent_bytes if way == "sent" else one.received_bytes
            bodies = max(1, one.turn.times, one.requests or 0)
            if shrinks_to is None or shrinks_to > SHRINKS.value or moved < BODY.value * bodies:
                continue
            if moved / account.seconds >= RATE.value:
                rows = tuple(r for r in one.rows if (r.sent_bytes if way == "sent" else r.received_bytes))
                found.append(_Flow(one, way, moved, bodies, shrinks_to, rows))
    return found


def _judge(account: Account, flow: _Flow) -> list[Finding]:
    sent = flow.way == "sent"
    heaviest = max(flow.rows, key=lambda r: r.sent_bytes if sent else r.received_bytes, default=None)
    if heaviest is None:
        return []
    moving = [row for row in account.calls if _moves(account, row, flow)]
    in_calls = sum(row.seconds for row in moving)
    if sent and flow.bytes >= LARGE.value * flow.bodies:
        in_calls += sum(account.waited(t, t.wait_seconds) for t in account.talks if t.peer is flow.peer)
    trips = _trips(flow) if _served_far(flow) else 0.0
    in_calls += trips
    # Sending less saves time in proportion; compressing costs some of it again.
    saved = in_calls * (1 - flow.shrinks_to) - flow.bytes * CPU.value
    if saved <= 0:
        return []
    # (a call that was under way when the window began is in the peer's row without its stack)
    stack = heaviest.stack or max(moving, key=lambda row: row.seconds).stack
    place = account.place(stack)
    if sent and is_served(flow.peer) and (line := _answering(account, heaviest.pid)):
        # (V8 may know no more than the function that it is in, or a line that answers something else)
        answers = account.evidence.network.answering if account.evidence.network else ()
        known = place is not None and not place.shares_function(line) and not _is_one_of(place, answers)
        place = place if known else line
    at = place or "a library"
    of = whom(flow.peer)
    verb = "sends" if sent else "receives"
    each = flow.bytes / flow.bodies
    served = is_served(flow.peer)
    return weigh(
        account,
        "uncompressed-transfer",
        title=f"{at} {verb} {size(flow.bytes / account.seconds)}/s {'to' if sent else 'from'} {of} as they are; "
        "compressed "
        f"they would be {percent(flow.shrinks_to)} of it, and {percent(account.share(saved))} of busy time saved",
        seconds=saved,
        place=place,
        stack=stack,
        facts=(
            account.fact("network", f"{flow.way}", flow.bytes / account.seconds, "bytes/s"),
            account.fact("network", "each", each, "bytes"),
            account.fact("network", "samples of it shrink to", flow.shrinks_to, "of their size"),
            account.fact("syscalls", "time in which it moves", in_calls / account.seconds, "s/s"),
        ),
        fix=_cure(stack, sent, served, str(at)),
        verify=again(
            account,
            f"bytes {flow.way} for the same requests",
            f"{size(each)} each",
            f"about {size(each * flow.shrinks_to)} each",
            "trace-network",
        ),
        confidence=0.85,
        # (what a client waits for on its way costs the server nothing)
        at_most=Severity.INFO if in_calls <= 0 else Severity.WARNING if trips > in_calls / 2 else Severity.CRITICAL,
    )


def _is_one_of(place: Place, lines: Iterable[AskingLine]) -> bool:
    return any((line.file, line.line) == (place.file, place.line) for line in lines)


def _answering(account: Account, pid: int) -> Place | None:
    """The line that gives answers a body, where a runtime sends later, from its own loop: of several the one with most
    CPU time, for a large body takes time to make."""
    use = account.evidence.network
    lines = [line for line in (use.answering if use else ()) if line.pid == pid]
    spent: dict[tuple[str, int], float] = defaultdict(float)
    for row in account.samples:
        for at in {(frame.file or "", frame.line or 0) for frame in row.stack}:
            spent[at] += row.seconds
    best = max(lines, key=lambda line: spent[line.file, line.line], default=None)
    if best is None or (len(lines) > 1 and not spent[best.file, best.line]):
        return None
    return Place(best.file, best.function, best.line)


def _served_far(flow: _Flow) -> bool:
    """Whether clients wait for the way of what is sent to them: their time, which no call of the server shows."""
    return flow.way == "sent" and is_served(flow.peer) and (flow.peer.rtt_seconds or 0.0) >= FAR.value


def _trips(flow: _Flow) -> float:
    """Seconds that all bodies are on their way, at least: each goes in bursts of twice the size of the one before, one
    for each way there and back (slow start of TCP, RFC 6928: the first are ten segments)."""
    bursts = math.log2(1 + flow.bytes / flow.bodies / FIRST_BURST.value)
    return flow.bodies * bursts * (flow.peer.rtt_seconds or 0.0)


def _moves(account: Account, row: SyscallRow, flow: _Flow) -> bool:
    """Calls that move the flow's bytes, or wait until more of them can be moved, at the flow's lines."""
    of_way = calls.WRITES if flow.way == "sent" else calls.READS
    if row.syscall not in of_way and row.syscall not in calls.POLLS:
        return False
    return any(row.pid == r.pid and (row.stack == r.stack or (not r.stack and _is_one(row))) for r in flow.rows)


def _is_one(row: SyscallRow) -> bool:
    return is_socket(row.object) and row.blocked_seconds > 0


def _cure(stack: Stack, sent: bool, served: bool, at: str) -> str:
    if not sent:
        return (
            f"Ask for it compressed at {at}: send Accept-Encoding: gzip (most clients do unless told otherwise), "
            "and turn "
            "compression on at the other side."
        )
    how = {
        FrameKind.PYTHON: "GZipMiddleware (Starlette, FastAPI, Django), flask-compress, or gzip.compress(body, 1) with "
        "Content-Encoding: gzip",
        FrameKind.JAVASCRIPT: "the compression middleware, or zlib.createGzip() with Content-Encoding: gzip",
        FrameKind.JAVA: "server.compression.enabled (Spring), GzipHandler (Jetty), or GZIPOutputStream",
    }.get(runtime(stack) or FrameKind.NATIVE, "zlib or zstd at a fast level, or the proxy in front (gzip on)")
    who = " for clients that send Accept-Encoding" if served else ", if the other side can read it"
    return f"Compress what {at} sends{who}: {how}. Leave out what nobody reads; send pages instead of whole lists."


def blind(account: Account) -> tuple[NotChecked, ...]:
    closed = [
        p
        for p in account.peers
        if p.opaque and p.side != "local" and max(p.sent_bytes, p.received_bytes) / account.seconds >= RATE.value
    ]
    if not closed:
        return ()
    return (
        NotChecked(
            pattern="uncompressed-transfer",
            why=f"what goes between it and {whom(closed[0])} is encrypted",
            enable="look at Content-Encoding in an answer of the service (curl --compressed -v), or diagnose "
            "the proxy that "
            "ends TLS",
        ),
    )


def _examples() -> tuple[Example, ...]:
    line: Stack = (library("socket.py", "SocketIO.write"), python(44, "send_list"))
    reading: Stack = (library("socket.py", "SocketIO.readinto"), python(23, "load_list"))
    work = cpu((python(60, "render"),), 2.0)
    waits = call("sendto", line, 2000, transferred=40_000_000, blocked=6.0)
    reads = call("recvfrom", reading, 2000, transferred=40_000_000, blocked=6.0)

    def answers(shrinks_to: float, side: str = "remote", protocol: str = "HTTP/1") -> Peer:
        row = TalkRow(pid=4242, stack=line, sends=2000, sent_bytes=40_000_000)
        return peer(
            (python(12, "serve"),),
            200,
            direction="incoming",
            address="203.0.113.7",
            request_bytes=0,
            rows=(row,),
            shrinks_to=shrinks_to,
            side=side,
            protocol=protocol,
        )

    row = TalkRow(pid=4242, stack=reading, receives=2000, received_bytes=40_000_000)
    lists = peer((python(21, "load_list"),), 200, shape="GET /items", answer_bytes=0, rows=(row,), shrinks_to=0.15)
    feeds = peer(line, 20, wait=6.0, request_bytes=2_000_000, shrinks_to=0.2)
    acknowledged = call("recvfrom", (python(46, "send_list"),), 20, on="fd:4 (socket:[7])", blocked=6.0)
    return (
        Example(
            "lists as JSON, plain",
            True,
            "4 MB/s that would shrink to 15 %, and most of the time passes until they have gone",
            window(calls=(waits,), samples=(work,), peers=(answers(0.15),)),
        ),
        Example(
            "lists that it fetches plain",
            True,
            "most of the time passes until they have come",
            window(calls=(reads,), samples=(work,), peers=(lists,)),
        ),
        Example(
            "feeds that go into the kernel's buffers at once",
            True,
            "the time passes in the wait for the answer, for the line is slow",
            window(calls=(acknowledged,), samples=(work,), peers=(feeds,)),
        ),
        Example(
            "pictures",
            False,
            "they are compressed already: nothing would be left out",
            window(calls=(waits,), samples=(work,), peers=(answers(0.99),)),
        ),
        Example(
            "a reader on the same machine",
            False,
            "moving bytes within a machine costs less than compressing them",
            window(calls=(waits,), samples=(work,), peers=(answers(0.15, side="local"),)),
        ),
    )


PATTERN = Pattern(
    id="uncompressed-transfer",
    title="large bodies are sent uncompressed",
    sees="Large sends to, or receives from, another machine, of which samples shrink to half or less; and the "
    "time in the "
    "calls that move them.",
    costs="Text takes three to ten times the time on the wire that it would take compressed; on slow links all of the "
    "wait is that.",
    fix="Content-Encoding: gzip, zstd or br, where the client accepts it; fewer fields, pages instead of whole lists.",
    fine="What is compressed or encrypted already; fast links within a rack; bodies of a few kilobytes.",
    thresholds=(SHRINKS, BODY, RATE, LARGE, CPU, FAR, FIRST_BURST),
    needs=("network",),
    focus=frozenset({Focus.NETWORK}),
    check=check,
    examples=_examples,
    beats=("slow-dependency", "serial-requests"),
    blind=blind,
)
