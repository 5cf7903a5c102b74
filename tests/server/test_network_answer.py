"""trace-network's answer; the figures are those of ``samples.network``."""

import pytest

from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.network import NetworkUse, Peer
from perfdoctor.server.answers.network import network_answer
from perfdoctor.server.formatters.network import say
from tests.server import samples


def test_peers_lines_and_statements() -> None:
    answer = network_answer("r-x", samples.evidence(network=samples.network()), rows=10, others=5)
    database, cache = answer.peers
    assert (answer.opened, answer.requests, answer.wait_seconds) == (2, 41, pytest.approx(0.086))
    assert database.requests.per_connection == pytest.approx(41 / 3)
    assert database.requests.sends_each == pytest.approx(2.0)
    assert database.traffic.small_mean_bytes == pytest.approx(20.0)
    assert database.requests.turn and database.requests.turn.mean_seconds == pytest.approx(0.002)
    assert database.requests.turn.p99_seconds == pytest.approx((2**21 - 1) / 1e9)
    assert database.connections.connect and database.connections.connect.p50_seconds is None
    assert cache.errors[0].errno == "ECONNREFUSED"
    assert [(line.location.function, line.requests) for line in answer.lines if line.location] == [
        ("load", 37), ("main", 4),
    ]  # fmt: skip
    (statement,) = answer.statements
    assert statement.location == Location(file="/srv/shop/store.py", line=13, function="load")
    assert answer.names[0].name == "db.shop.example A"
    assert (
        answer.summary
        == "2 peers, 2 connections opened, 41 requests, 86 ms waited for answers and connections. 1 calls failed."
    )
    text = say(answer)
    assert "`10.0.0.7:5432` `PostgreSQL`" in text
    assert "connect ECONNREFUSED x1" in text
    assert "3 segments sent again" in text


def test_what_is_cut_is_counted() -> None:
    use = NetworkUse(peers=tuple(samples.network().peers) * 7, omitted_peers=3)
    answer = network_answer("r-x", samples.evidence(network=use), rows=5, others=1)
    assert (len(answer.peers), answer.total_peers, answer.omitted_peers) == (5, 17, 12)
    assert (len(answer.lines), answer.omitted_lines) == (1, 1)


def test_a_connection_for_each_request_is_said() -> None:
    def peer(opened: int, before: int, direction: str = "outgoing") -> Peer:
        return Peer(
            transport="tcp", direction=direction, address="10.0.0.7:80", opened=opened, already_open=before, requests=40
        )

    def summary(peer: Peer) -> str:
        return network_answer("r-x", samples.evidence(network=NetworkUse(peers=(peer,))), rows=5, others=5).summary

    assert "opens a connection for nearly every request to `10.0.0.7:80`" in summary(peer(40, 0))
    assert "nearly every" not in summary(peer(3, 1)), "reused"
    assert "nearly every" not in summary(peer(20, 20)), (
        "as many, but half of the requests went over connections that stood open"
    )
    assert "nearly every" not in summary(peer(40, 0, "incoming")), "its callers do"


def test_a_hostile_peer_cannot_break_out() -> None:
    bad = Peer(transport="unix", direction="outgoing", address="/run/`x`|\n# head", protocol="HTTP/1", opened=1)
    text = say(network_answer("r-x", samples.evidence(network=NetworkUse(peers=(bad,))), rows=5, others=5))
    assert "\n# head" not in text


def test_nobody_is_talked_to() -> None:
    answer = network_answer("r-x", samples.evidence(network=NetworkUse()), rows=5, others=5)
    assert answer.summary.startswith("It held no connection")
    assert answer.next[0].tool == "trace-syscalls"


def test_a_poller_knows_no_requests() -> None:
    peer = Peer(transport="tcp", direction="outgoing", address="10.0.0.7:80", requests=None, sends=None, receives=None)
    answer = network_answer("r-x", samples.evidence(network=NetworkUse(peers=(peer,))), rows=5, others=5)
    assert answer.peers[0].requests.per_connection is None
    assert "requests," not in answer.summary
    assert "?" in say(answer)
