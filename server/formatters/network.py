"""trace-network in few words."""

from perfdoctor.schemas.network_answer import NameLine, NetworkAnswer, NetworkLine, PeerLine, StatementLine, Times
from perfdoctor.server.formatters.words import code, count, follow, opening, place, quantity, table

_PEERS = ("peer", "opened+open", "requests", "per connection", "turn mean", "p99 ≤", "connect", "sent", "received",
          "sends (small)", "rtt")  # fmt: skip
_LINES = ("line", "peer", "requests", "waited", "opened", "sends", "bytes")
_REQUESTS = ("request, values taken out", "peer", "seen", "line")
_NAMES = ("name", "server", "queries", "failed", "mean", "longest", "line")


def say(answer: NetworkAnswer) -> str:
    lines = opening(answer)
    lines += table(_PEERS, [_peer(peer) for peer in answer.peers], answer.omitted_peers)
    for peer in answer.peers:
        if peer.errors or peer.traffic.retransmits:
            lines.append(_trouble(peer))
    lines += table(_LINES, [_line(line) for line in answer.lines], answer.omitted_lines)
    lines += table(_REQUESTS, [_statement(line) for line in answer.statements], answer.omitted_statements)
    lines += table(_NAMES, [_name(line) for line in answer.names], answer.omitted_names)
    return "\n".join([*lines, *follow(answer.next)])


def _number(value: int | None) -> str:
    return "?" if value is None else count(value)


def _seconds(times: Times | None) -> str:
    return quantity(times.mean_seconds, "s") if times else ""


def _peer(peer: PeerLine) -> tuple[str, ...]:
    connections, requests, traffic = peer.connections, peer.requests, peer.traffic
    about = ", ".join(code(part, 40) for part in (peer.protocol, connections.program) if part)
    small = f" ({count(traffic.small_sends)})" if traffic.small_sends else ""
    p99 = requests.turn.p99_seconds if requests.turn else None
    return (
        f"{'←' if connections.direction == 'incoming' else '→'} {code(peer.peer, 80)}{f' {about}' if about else ''}",
        f"{_number(connections.opened)}+{_number(connections.already_open)}",
        _number(requests.number),
        "" if requests.per_connection is None else quantity(requests.per_connection),
        _seconds(requests.turn),
        "" if p99 is None else quantity(p99, "s"),
        _seconds(connections.connect),
        quantity(traffic.sent_bytes, "B"),
        quantity(traffic.received_bytes, "B"),
        f"{_number(traffic.sends)}{small}",
        "" if traffic.rtt_seconds is None else quantity(traffic.rtt_seconds, "s"),
    )


def _trouble(peer: PeerLine) -> str:
    parts = [f"{error.call} {error.errno} x{count(error.times)}" for error in peer.errors]
    if peer.traffic.retransmits:
        parts.append(f"{count(peer.traffic.retransmits)} segments sent again")
    return f"- {code(peer.peer, 80)}: {', '.join(parts)}"


def _line(line: NetworkLine) -> tuple[str, ...]:
    return (
        place(line.location),
        code(line.peer, 60),
        count(line.requests),
        quantity(line.wait_seconds, "s") if line.wait_seconds else "",
        count(line.opened) if line.opened else "",
        count(line.sends),
        quantity(line.bytes, "B"),
    )


def _statement(line: StatementLine) -> tuple[str, ...]:
    seen = f"≥ {count(line.seen)}" if line.sampled else count(line.seen)
    return code(line.shape), code(line.peer, 60), seen, place(line.location)


def _name(line: NameLine) -> tuple[str, ...]:
    return (
        code(line.name, 100),
        code(line.server, 60),
        count(line.queries),
        count(line.failed),
        _seconds(line.answer),
        quantity(line.answer.max_seconds, "s") if line.answer else "",
        place(line.location),
    )
