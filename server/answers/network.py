"""Whom the target talked to: by peer, by the line that did, by what it asked."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.network import Delay, NetworkUse, Peer
from perfdoctor.schemas.network_answer import (
    Connections,
    NameLine,
    NetworkAnswer,
    NetworkLine,
    PeerLine,
    Requests,
    StatementLine,
    Times,
    Traffic,
)
from perfdoctor.schemas.recording import Collection, NextCall
from perfdoctor.server.answers.place import Places
from perfdoctor.server.answers.syscalls import percentile
from perfdoctor.server.formatters.words import code, count, quantity

_FEW = 1.5
"""requests per connection that it opens, below which it opens one for nearly each"""
_REUSE_WORTH = 20
"""connections of one peer in one window that make it worth saying"""


@dataclass(slots=True)
class _Line:
    opened: int = 0
    requests: int = 0
    wait_seconds: float = 0.0
    sends: int = 0
    bytes: int = 0


def network_answer(recording: str, evidence: Evidence, *, rows: int, others: int) -> NetworkAnswer:
    """``rows`` peers, ``others`` of each other table: peers and lines in order of time waited, then of calls;
    statements by number."""
    use = evidence.network or NetworkUse()
    places = Places(evidence.user_roots)
    lines = _lines(use.peers, places)
    statements = _statements(use.peers, places)
    names = [
        NameLine(
            location=places.of(one.stack),
            name=f"{one.name} {one.kind}",
            server=one.server,
            queries=one.queries,
            failed=one.failed,
            answer=_times(one.answer),
        )
        for one in use.names
    ]
    peers = [_peer(peer) for peer in use.peers]
    return NetworkAnswer(
        recording=recording,
        target=evidence.target,
        window=evidence.window,
        collection=evidence.collections.get("network", Collection(backend="none", exact=False)),
        summary=_summary(use),
        opened=sum(peer.opened or 0 for peer in use.peers),
        requests=sum(peer.requests or 0 for peer in use.peers),
        wait_seconds=_waited(use),
        peers=tuple(peers[:rows]),
        total_peers=len(peers) + use.omitted_peers,
        omitted_peers=max(0, len(peers) - rows) + use.omitted_peers,
        lines=tuple(lines[:others]),
        omitted_lines=max(0, len(lines) - others),
        statements=tuple(statements[:others]),
        omitted_statements=max(0, len(statements) - others),
        names=tuple(names[:others]),
        omitted_names=max(0, len(names) - others),
        next=_next(evidence, recording, use),
    )


def called(peer: Peer) -> str:
    """``127.0.0.1:5432``, ``unix /run/x.sock``, ``10.0.0.7 to :8080``."""
    kind = "" if peer.transport == "tcp" else f"{peer.transport} "
    if peer.direction == "incoming":
        return f"{kind}{peer.address} to {peer.local}"
    return f"{kind}{peer.address}"


def _peer(peer: Peer) -> PeerLine:
    connections = (peer.opened or 0) + (peer.already_open or 0)
    asked = peer.requests if peer.direction != "incoming" else peer.turn.times
    return PeerLine(
        peer=called(peer),
        protocol=f"{peer.protocol} (encrypted: opaque)" if peer.opaque else peer.protocol,
        connections=Connections(
            direction=peer.direction,
            program=peer.program,
            opened=peer.opened,
            already_open=peer.already_open,
            open_at_end=peer.open_at_end,
            connect=_times(peer.connect),
        ),
        requests=Requests(
            number=peer.requests,
            per_connection=peer.requests / connections if peer.requests is not None and connections else None,
            sends_each=peer.sends / asked if peer.sends is not None and asked else None,
            turn=_times(peer.turn),
        ),
        traffic=Traffic(
            sends=peer.sends,
            small_sends=peer.small_sends,
            small_mean_bytes=peer.small_bytes / peer.small_sends if peer.small_sends else None,
            sent_bytes=peer.sent_bytes,
            receives=peer.receives,
            received_bytes=peer.received_bytes,
            rtt_seconds=peer.rtt_seconds,
            retransmits=peer.retransmits,
        ),
        errors=peer.errors[:4],
    )


def _times(delay: Delay) -> Times | None:
    if not delay.times:
        return None
    return Times(
        times=delay.times,
        seconds=delay.seconds,
        mean_seconds=delay.seconds / delay.times,
        p50_seconds=percentile(delay.histogram, 0.5, delay.max_seconds),
        p99_seconds=percentile(delay.histogram, 0.99, delay.max_seconds),
        max_seconds=delay.max_seconds,
    )


def _lines(peers: Iterable[Peer], places: Places) -> list[NetworkLine]:
    sums: defaultdict[tuple[Location | None, str], _Line] = defaultdict(_Line)
    for peer in peers:
        for row in peer.rows:
            line = sums[places.of(row.stack), called(peer)]
            line.opened += row.opened
            line.requests += row.requests
            line.wait_seconds += row.wait_seconds
            line.sends += row.sends
            line.bytes += row.sent_bytes + row.received_bytes
    lines = [
        NetworkLine(
            location=where,
            peer=name,
            opened=line.opened,
            requests=line.requests,
            wait_seconds=line.wait_seconds,
            sends=line.sends,
            bytes=line.bytes,
        )
        for (where, name), line in sums.items()
        if where is not None
    ]
    return sorted(lines, key=lambda at: (-at.wait_seconds, -(at.requests + at.opened + at.sends), str(at.location)))


def _statements(peers: Iterable[Peer], places: Places) -> list[StatementLine]:
    sums: defaultdict[tuple[Location | None, str, str, bool], int] = defaultdict(int)
    for peer in peers:
        for said in peer.statements:
            sums[places.of(said.stack), called(peer), said.shape, said.sampled] += said.seen
    lines = [
        StatementLine(location=where, peer=name, shape=shape, seen=seen, sampled=sampled)
        for (where, name, shape, sampled), seen in sums.items()
    ]
    return sorted(lines, key=lambda line: (-line.seen, line.shape, line.peer, str(line.location)))


def _waited(use: NetworkUse) -> float:
    """For others: their turns and connects; what others waited for us is not among it."""
    return sum(p.connect.seconds + p.turn.seconds for p in use.peers if p.direction != "incoming")


def _summary(use: NetworkUse) -> str:
    if not use.peers and not use.names:
        return "It held no connection and talked to nobody in this window."
    opened = sum(peer.opened or 0 for peer in use.peers)
    number = len(use.peers) + use.omitted_peers
    said = f"{count(number)} {'peer' if number == 1 else 'peers'}, {count(opened)} connections opened"
    if any(peer.requests is not None for peer in use.peers):
        requests = sum(peer.requests or 0 for peer in use.peers)
        said += f", {count(requests)} requests, {quantity(_waited(use), 's')} waited for answers and connections"
    said += "."
    wasteful = max(use.peers, key=lambda p: p.opened or 0, default=None)
    if wasteful and _opens_for_each(wasteful):
        return f"{said} It opens a connection for nearly every request to {code(called(wasteful), 80)}."
    failed = sum(error.times for peer in use.peers for error in peer.errors)
    if failed:
        return f"{said} {count(failed)} calls failed."
    waits = [p for p in use.peers if p.direction != "incoming" and p.turn.times]
    if waits:
        top = waits[0]
        return f"{said} Most for {code(called(top), 80)}: {count(top.turn.times)} turns."
    return said


def _opens_for_each(peer: Peer) -> bool:
    opened = peer.opened or 0
    return peer.direction == "outgoing" and opened >= _REUSE_WORTH and 0 < (peer.requests or 0) < _FEW * opened


def _next(evidence: Evidence, recording: str, use: NetworkUse) -> tuple[NextCall, ...]:
    pid = evidence.target.pid
    calls = []
    if not any(peer.requests for peer in use.peers):
        calls.append(NextCall(tool="trace-syscalls", arguments={"pid": pid}, why="see what it waits for instead"))
    calls.append(
        NextCall(tool="diagnose", arguments={"pid": pid, "focus": "network"}, why="judge the causes, ranked by cost")
    )
    calls.append(
        NextCall(tool="compare", arguments={"before": recording}, why="after a change, with a new recording as `after`")
    )
    return tuple(calls)
