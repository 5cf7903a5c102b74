"""How many pieces of work a window saw done."""

from perfdoctor.collectors.peers import UNNAMED
from perfdoctor.collectors.workloads.units import seen
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.network import NetworkUse, Peer
from perfdoctor.schemas.recording import Window
from perfdoctor.schemas.target import Target


def window(*peers: Peer) -> Evidence:
    return Evidence(
        target=Target(pid=1, start_time=1.0, name="shop"),
        window=Window(started=0.0, seconds=1.0),
        collections={},
        network=NetworkUse(peers=peers),
    )


def peer(direction: str, receives: int, address: str = "10.0.0.7:5432") -> Peer:
    return Peer(transport="tcp", direction=direction, address=address, receives=receives)


def test_messages_are_those_of_others_that_ask_of_it() -> None:
    asked = peer("incoming", 30), peer("outgoing", 12), peer("outgoing", 9, UNNAMED)
    assert seen(window(*asked), "messages") == (30.0, "")


def test_a_socket_that_it_was_started_with_has_messages_too() -> None:
    assert seen(window(peer("outgoing", 47, UNNAMED), peer("outgoing", 7)), "messages") == (47.0, "")


def test_none_is_not_nought() -> None:
    """Of nothing that was seen nobody can say what one costs."""
    for peers in ((), (peer("outgoing", 7),)):
        count, why = seen(window(*peers), "messages")
        assert count is None and "no message" in why
    assert seen(window().model_copy(update={"network": None}), "messages")[0] is None
